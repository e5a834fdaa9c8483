// A write that changes nothing but the times in managedFields is no write.
import type { ManagedFieldsEntry } from '../../../kube/index.ts';
import { equalValues, isObject, type JsonObject } from '../json-values.ts';
import { readManagers, sameOwnership } from './managed-fields.ts';

/**
 * Gives `next` the managedFields of `live` when both own the same fields and are equal otherwise (resourceVersion included), so
 * that the caller's comparison sees no change. Mutates `next`. True when it did: nothing needs to be written.
 */
export function keepManagedFieldsTimes(live: JsonObject, next: JsonObject): boolean {
  const [before, after] = [live.metadata, next.metadata];
  if (!isObject(before) || !isObject(after)) return false;
  const [owned, owning] = [readManagers(before.managedFields), readManagers(after.managedFields)];
  if (!owned || !owning || !sameOwnership(owned, owning)) return false;
  const candidate = { ...after, managedFields: before.managedFields };
  if (before.managedFields === undefined) delete candidate.managedFields;
  if (!equalValues({ ...live, metadata: before }, { ...next, metadata: candidate })) return false;
  if (before.managedFields === undefined) delete after.managedFields;
  else after.managedFields = before.managedFields as ManagedFieldsEntry[];
  return true;
}
