// metadata.managedFields as sets by manager: reading, writing, sorting, and merging the oldest updaters.
import type { ManagedFieldsEntry } from '../../../kube/index.ts';
import { isObject } from '../json-values.ts';
import { type FieldSet, fieldsV1Of, setFromFieldsV1 } from './field-set.ts';

export interface Manager {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Managers by identity. */
export type Managers = Map<string, Manager>;

/** Updaters of one object beyond that many are merged, oldest first. */
const maxUpdaters = 10;
const mergedUpdaters = 'ancient-changes';

/** An applier is the same whatever version it applies; an updater is not. */
export function managerIdentity({ name, operation, apiVersion, subresource }: Omit<Manager, 'set' | 'time'>): string {
  return JSON.stringify([name, operation, operation === 'Apply' ? '' : apiVersion, subresource]);
}

/** The managers of an object; undefined when the entries cannot be read. */
export function readManagers(entries: unknown): Managers | undefined {
  const managers: Managers = new Map();
  if (!Array.isArray(entries)) return managers;
  for (const entry of entries) {
    if (!isObject(entry)) return undefined;
    const { manager, operation, apiVersion, time, fieldsType, fieldsV1, subresource } = entry;
    if (
      (operation !== 'Apply' && operation !== 'Update') ||
      typeof apiVersion !== 'string' ||
      apiVersion === '' ||
      fieldsType !== 'FieldsV1'
    ) {
      return undefined;
    }
    const read: Manager = {
      name: typeof manager === 'string' ? manager : '',
      operation,
      apiVersion,
      subresource: typeof subresource === 'string' ? subresource : '',
      time: typeof time === 'string' ? time : undefined,
      set: setFromFieldsV1(fieldsV1),
    };
    managers.set(managerIdentity(read), read);
  }
  return managers;
}

/** Entries in the real server's order; undefined when nobody manages anything. */
export function writeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  const sorted = [...managers.values()].sort(
    (left, right) =>
      compare(left.operation, right.operation) ||
      compare(left.time ?? '', right.time ?? '') ||
      compare(left.name, right.name) ||
      compare(left.apiVersion, right.apiVersion) ||
      compare(left.subresource, right.subresource),
  );
  return sorted.map(({ name, operation, apiVersion, time, set, subresource }) => ({
    ...(name === '' ? {} : { manager: name }),
    operation,
    apiVersion,
    ...(time === undefined ? {} : { time }),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1Of(set),
    ...(subresource === '' ? {} : { subresource }),
  }));
}

/** Whether two sets of managers own the same fields, whenever they took them. */
export function sameOwnership(left: Managers, right: Managers): boolean {
  if (left.size !== right.size) return false;
  for (const [identity, manager] of left) {
    const other = right.get(identity);
    if (!other || other.apiVersion !== manager.apiVersion || !other.set.equals(manager.set)) return false;
  }
  return true;
}

/** Merges the oldest updaters of one version into `ancient-changes` until few enough are left. Mutates `managers`. */
export function capUpdaters(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === 'Update');
  let excess = updaters.length - maxUpdaters;
  if (excess <= 0) return;
  updaters.sort(
    ([left, { time: before }], [right, { time: after }]) => compare(before ?? '', after ?? '') || compare(left, right),
  );
  const firsts = new Map<string, string>();
  for (const [identity, manager] of updaters) {
    if (excess <= 0) return;
    const first = firsts.get(manager.apiVersion);
    if (first === undefined) {
      firsts.set(manager.apiVersion, identity);
      continue;
    }
    const bucket = { ...manager, name: mergedUpdaters, subresource: '' };
    const bucketIdentity = managerIdentity(bucket);
    const base = managers.get(bucketIdentity) ?? managers.get(first);
    if (!managers.has(bucketIdentity)) managers.delete(first);
    managers.delete(identity);
    managers.set(bucketIdentity, { ...bucket, set: base ? base.set.union(manager.set) : manager.set });
    excess -= 1;
  }
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
