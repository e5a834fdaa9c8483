// Server-side apply: merges what a manager applies into the live object and keeps book of who owns which field.
// After k8s.io/apimachinery/pkg/util/managedfields (1.34) and structured-merge-diff v6.
import { ApplyConflict, PatchError } from '../errors.ts';
import { copyValue, equalValues, isObject, type JsonObject } from '../json-values.ts';
import { roundTrip, sharedEmptyObject } from '../round-trip.ts';
import type { TypeSchema } from '../type-schema.ts';
import { compareValues } from './compare.ts';
import { lastAppliedAllows, refreshLastApplied } from './last-applied.ts';
import { type Managers, managerIdentity, readManagers, sameOwnership, writeManagers } from './managed-fields.ts';
import { mergeValues } from './merge.ts';
import { pruneAbandoned, stripUnowned, takeFromOthers } from './ownership.ts';
import { type ResetFields, resetSet } from './reset-fields.ts';
import { trackManagers } from './track-update.ts';
import { fieldSetOf, typedProblems } from './typed-value.ts';

export interface ApplyRequest {
  schema: TypeSchema;
  /** The stored object; undefined when the apply creates it. */
  live: JsonObject | undefined;
  /** What the client sent, apiVersion and kind included. */
  applied: JsonObject;
  manager: string;
  /** Take fields from other managers instead of failing. */
  force: boolean;
  subresource?: string | undefined;
  /** The version that the request is served in. */
  apiVersion: string;
  /** RFC 3339 of this write. */
  time: string;
  /**
   * Fields that this endpoint does not write and nobody comes to own by it, as paths. By default `status` for a built-in object,
   * nothing for a custom resource, `spec` and `metadata.labels` for the status subresource.
   */
  resetFields?: ResetFields | undefined;
}

export interface ApplyResult {
  /** The new object with its managedFields, before the kind's defaults; it shares nothing with `live`. */
  object: JsonObject;
  /** False when neither the object nor anybody's fields changed; `object` is then `live`. */
  changed: boolean;
}

/**
 * Applies a configuration.
 * @throws ApplyConflict (409) when other managers own fields with other values
 * @throws PatchError 400 for another version or managedFields in the body, 500 for what does not fit the schema
 */
export function applyServerSide(request: ApplyRequest): ApplyResult {
  const { schema, applied, apiVersion } = request;
  checkApplied(schema, applied, apiVersion);
  const live = request.live ?? { ...sharedEmptyObject(schema), apiVersion, kind: applied.kind };
  const metadata = isObject(live.metadata) ? live.metadata : {};
  let managers = readManagers(metadata.managedFields);
  if (!managers) throw new PatchError(500, 'failed to decode managed fields');
  if (managers.size === 0) managers = managersBeforeFirstApply(request, live);
  let outcome: Outcome;
  try {
    outcome = applyOnce(request, live, managers);
  } catch (error) {
    const allowed = error instanceof ApplyConflict && request.manager === 'kubectl' && !request.force;
    if (!allowed) throw error;
    // kubectl may take over what its own client-side apply had set.
    const forced = lastAppliedAllows(schema, live, apiVersion, error);
    outcome = applyOnce({ ...request, force: forced }, live, managers);
  }
  return finish(request, live, outcome);
}

interface Outcome {
  /** The merged object; undefined when it equals the live one. */
  object: JsonObject | undefined;
  managers: Managers;
}

function applyOnce(request: ApplyRequest, live: JsonObject, before: Managers): Outcome {
  const { schema, applied, manager, force, apiVersion, time, subresource = '' } = request;
  const liveValue = withoutManagedFields(live);
  const managers: Managers = new Map(before);
  const writer = { name: manager, operation: 'Apply', apiVersion, subresource } as const;
  const identity = managerIdentity(writer);
  const last = managers.get(identity);
  const reset = resetSet(request);
  const set = fieldSetOf(schema, applied).without(reset);
  managers.set(identity, { ...writer, time: last?.time, set });
  const merged = mergeValues(schema, liveValue, applied);
  const pruned = last ? pruneAbandoned({ schema, merged, last: last.set, managers }) : merged;
  const object = pruned as JsonObject;
  takeFromOthers(managers, { comparison: compareValues(schema, liveValue, object).without(reset), writer: identity, force });
  stripUnowned(managers);
  const same = equalValues(liveValue, object);
  const mine = managers.get(identity);
  if (mine && !same) managers.set(identity, { ...mine, time });
  return { object: same ? undefined : object, managers };
}

function finish(
  { schema, applied, manager, live: stored }: ApplyRequest,
  live: JsonObject,
  { object, managers }: Outcome,
): ApplyResult {
  const before = withoutManagedFields(live);
  const merged = object ?? before;
  // Copied, because the round trip works in place and the merge shares structure with the stored object.
  const next = copyValue(manager === 'kubectl' ? refreshLastApplied(merged, applied) : merged);
  roundTrip(schema, next);
  if (stored !== undefined && equalValues(next, before)) {
    const previous = readManagers(isObject(stored.metadata) ? stored.metadata.managedFields : undefined);
    if (previous && sameOwnership(previous, managers)) return { object: stored, changed: false };
  }
  const entries = writeManagers(managers);
  if (entries) next.metadata = { ...(isObject(next.metadata) ? next.metadata : {}), managedFields: entries };
  return { object: next, changed: true };
}

/** Fields of an object that nobody tracked belong to one manager of that name, so that a first apply asks before it takes them. */
function managersBeforeFirstApply(
  { schema, apiVersion, subresource, resetFields, time }: ApplyRequest,
  live: JsonObject,
): Managers {
  const untouched = { ...sharedEmptyObject(schema), apiVersion, kind: live.kind };
  return trackManagers(new Map(), {
    schema,
    before: untouched,
    after: live,
    manager: 'before-first-apply',
    apiVersion,
    subresource,
    time,
    resetFields,
  });
}

function checkApplied(schema: TypeSchema, applied: JsonObject, apiVersion: string): void {
  if (applied.apiVersion !== apiVersion) {
    throw new PatchError(
      400,
      `Incorrect version specified in apply patch. Specified patch version: ${String(applied.apiVersion ?? '')}, expected: ${apiVersion}`,
    );
  }
  const metadata = isObject(applied.metadata) ? applied.metadata : {};
  if (metadata.managedFields !== undefined && metadata.managedFields !== null) {
    throw new PatchError(400, 'metadata.managedFields must be nil');
  }
  const problem = typedProblems(schema, applied);
  if (problem !== undefined) {
    const text = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
    const { name, namespace } = metadata as { name?: unknown; namespace?: unknown };
    const versioned = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw new PatchError(
      500,
      `failed to create typed patch object (${text(namespace)}/${text(name)}; ${versioned}, Kind=${text(applied.kind)}): ${problem}`,
    );
  }
}

function withoutManagedFields(object: JsonObject): JsonObject {
  if (!isObject(object.metadata) || object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
