// The fields in which two states of one object differ: what an API server's dry run would make of it, and what lives.
import type { FieldChange } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { isMap } from './compare.ts';
import { pathText, type Step } from './field-path.ts';

const SERVER_METADATA = ['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'] as const;

/** A copy without status and what the server writes into metadata. */
export function withoutServerFields(object: KubeObject): KubeObject {
  const { status: _status, ...kept } = object;
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of SERVER_METADATA) delete metadata[field];
  return { ...kept, metadata } as KubeObject;
}

/** `desired` holds what will be, `live` what is. */
export function objectChanges(desired: KubeObject, live: KubeObject): FieldChange[] {
  const changes: FieldChange[] = [];
  walk(withoutServerFields(desired), withoutServerFields(live), [], changes);
  return changes;
}

function walk(desired: unknown, live: unknown, path: Step[], changes: FieldChange[]): void {
  if (isMap(desired) && isMap(live)) {
    for (const field of new Set([...Object.keys(desired), ...Object.keys(live)]))
      walk(desired[field], live[field], [...path, { field }], changes);
  } else if (Array.isArray(desired) && Array.isArray(live)) walkLists(desired, live, path, changes);
  else if (!isSame(desired, live))
    changes.push({
      path: pathText(path),
      ...(desired === undefined ? {} : { desired }),
      ...(live === undefined ? {} : { live }),
    });
}

function walkLists(desired: unknown[], live: unknown[], path: Step[], changes: FieldChange[]): void {
  const wanted = byName(desired);
  const lived = byName(live);
  if (wanted && lived) {
    for (const name of new Set([...wanted.keys(), ...lived.keys()]))
      walk(wanted.get(name), lived.get(name), [...path, { keys: { name } }], changes);
    const order = [...wanted.keys()].filter(name => lived.has(name)).join();
    if (order !== [...lived.keys()].filter(name => wanted.has(name)).join())
      changes.push({ path: `${pathText(path)} (order)`, desired: [...wanted.keys()], live: [...lived.keys()] });
  } else
    for (let index = 0; index < Math.max(desired.length, live.length); index++)
      walk(desired[index], live[index], [...path, { index }], changes);
}

function byName(list: unknown[]): Map<string, unknown> | undefined {
  const named = new Map<string, unknown>();
  for (const item of list) if (isMap(item) && typeof item.name === 'string') named.set(item.name, item);
  return named.size === list.length && list.length > 0 ? named : undefined;
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && JSON.stringify(a) === JSON.stringify(b));
}
