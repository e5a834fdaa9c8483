// managedFields of writes that are no apply: create, update and patch. Everything that such a write changes becomes its manager's.
import type { ManagedFieldsEntry } from '../../../kube/index.ts';
import { isObject, type JsonObject } from '../json-values.ts';
import { sharedEmptyObject } from '../round-trip.ts';
import type { TypeSchema } from '../type-schema.ts';
import { compareValues } from './compare.ts';
import { capUpdaters, type Managers, managerIdentity, readManagers, sameOwnership, writeManagers } from './managed-fields.ts';
import { stripUnowned, takeFromOthers, unowned } from './ownership.ts';
import { type ResetFields, resetSet } from './reset-fields.ts';

export interface TrackRequest {
  schema: TypeSchema;
  /** The stored object; undefined for a create. */
  before: JsonObject | undefined;
  /** The object to be stored, defaulted, with the managedFields that the client sent (if any). */
  after: JsonObject;
  manager: string;
  apiVersion: string;
  subresource?: string | undefined;
  /** RFC 3339 of this write. */
  time: string;
  /** As in ApplyRequest. */
  resetFields?: ResetFields | undefined;
}

/**
 * The managedFields of the object after a write; undefined when it has none. A client may replace them, `[{}]` turns tracking off,
 * and what cannot be read is passed over. When nobody's fields change, the old entries are given back as they were.
 */
export function trackUpdate(request: TrackRequest): ManagedFieldsEntry[] | undefined {
  const { before, after, subresource } = request;
  const liveEntries = entriesOf(before);
  const sentEntries = entriesOf(after);
  const live = readManagers(liveEntries) ?? new Map();
  let managers = live;
  if (!subresource && Array.isArray(sentEntries) && sentEntries !== liveEntries) {
    if (sentEntries.length === 1 && isObject(sentEntries[0]) && Object.keys(sentEntries[0]).length === 0) managers = new Map();
    else {
      const sent = readManagers(sentEntries);
      if (sent && sent.size > 0) managers = sent;
    }
  }
  // An existing object that nobody manages stays so until its first apply.
  if (managers.size === 0 && before !== undefined) return undefined;
  const next = trackManagers(managers, request);
  if (Array.isArray(liveEntries) && sameOwnership(live, next) && (managers === live || sameTimes(live, next))) {
    return liveEntries as ManagedFieldsEntry[];
  }
  return writeManagers(next);
}

function sameTimes(left: Managers, right: Managers): boolean {
  return [...left].every(([identity, { time }]) => right.get(identity)?.time === time);
}

/** The managers after a write; `managers` stays as it was. */
export function trackManagers(managers: Managers, request: TrackRequest): Managers {
  const { schema, after, manager, apiVersion, time, subresource = '' } = request;
  const before = request.before ?? sharedEmptyObject(schema);
  const comparison = compareValues(schema, before, after).without(resetSet(request));
  const next: Managers = new Map(managers);
  takeFromOthers(next, { comparison, writer: undefined, force: true });
  stripUnowned(next);
  const taken = comparison.modified.union(comparison.added).difference(unowned);
  if (!taken.isEmpty) {
    const writer = { name: manager, operation: 'Update', apiVersion, subresource } as const;
    const identity = managerIdentity(writer);
    const mine = next.get(identity);
    next.set(identity, { ...writer, time, set: mine ? mine.set.union(taken) : taken });
  }
  capUpdaters(next);
  return next;
}

function entriesOf(object: JsonObject | undefined): unknown {
  return isObject(object?.metadata) ? object.metadata.managedFields : undefined;
}
