// kubectl's way from client-side to server-side apply: its annotation tells what it may take over, and is kept up to date.
import type { ApplyConflict } from '../errors.ts';
import { goJson } from '../go-format.ts';
import { isObject, type JsonObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';
import { compareValues } from './compare.ts';
import { pathText } from './path-element.ts';
import { fieldSetOf } from './typed-value.ts';

const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const maxAnnotationsBytes = 256 * 1024;

/** Whether every conflict is about a field that the annotation set and nobody has changed since. */
export function lastAppliedAllows(
  schema: TypeSchema,
  live: JsonObject,
  apiVersion: string,
  { conflicts }: ApplyConflict,
): boolean {
  const text = annotationsOf(live)?.[annotation];
  if (typeof text !== 'string' || text === '') return false;
  let lastApplied: unknown;
  try {
    lastApplied = JSON.parse(text);
  } catch {
    return false;
  }
  if (!isObject(lastApplied) || lastApplied.apiVersion !== apiVersion) return false;
  const { added, removed, modified } = compareValues(schema, lastApplied, live);
  const mine = fieldSetOf(schema, lastApplied).difference(modified).difference(added).difference(removed);
  const allowed = new Set([...mine.paths()].map(pathText));
  return conflicts.every(({ field }) => allowed.has(field));
}

/** The object with its annotation, if it has one, telling what was applied now. */
export function refreshLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  const annotations = annotationsOf(object);
  if (!annotations || typeof annotations[annotation] !== 'string' || annotations[annotation] === '') return object;
  const next: JsonObject = { ...annotations, [annotation]: `${goJson(withoutAnnotation(applied))}\n` };
  if (sizeOf(next) > maxAnnotationsBytes) delete next[annotation];
  return { ...object, metadata: { ...(object.metadata as JsonObject), annotations: next } };
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const annotations = annotationsOf(applied);
  if (!annotations) return applied;
  const { [annotation]: _, ...rest } = annotations;
  return { ...applied, metadata: { ...(applied.metadata as JsonObject), annotations: rest } };
}

function annotationsOf({ metadata }: JsonObject): JsonObject | undefined {
  return isObject(metadata) && isObject(metadata.annotations) ? metadata.annotations : undefined;
}

function sizeOf(annotations: JsonObject): number {
  return Object.entries(annotations).reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
    0,
  );
}
