// Compares what Git wants with what lives, without asking the server: every wanted field must be there, and nothing that
// we own beyond it. Equal means synced; different may be only another spelling (`1000m` and `1`), which a dry run decides.
import type { FieldChange } from '../../core/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/index.ts';
import { parseStep, pathText, type Step, stepInto } from './field-path.ts';

export const FIELD_MANAGER = 'daruma';

type FieldSet = Record<string, unknown>;

/** The set of fields that we applied last; undefined when we never did. */
export function ownedFields(live: KubeObject): FieldSet | undefined {
  return live.metadata.managedFields?.find(isOurs)?.fieldsV1;
}

export function isOurs(entry: ManagedFieldsEntry): boolean {
  return entry.manager === FIELD_MANAGER && entry.operation === 'Apply' && !entry.subresource;
}

/** Where `live` is not as `desired`; empty when equal. Server-made fields and defaults in `live` do not count. */
export function localChanges(desired: KubeObject, live: KubeObject): FieldChange[] {
  const owned = ownedFields(live);
  const changes: FieldChange[] = [];
  if (!owned) changes.push({ path: 'metadata.managedFields', desired: `applied by ${FIELD_MANAGER}` });
  const { apiVersion: _version, kind: _kind, ...wanted } = desired;
  const { name: _name, namespace: _namespace, ...metadata } = desired.metadata;
  compareMaps({ ...wanted, metadata }, live as Record<string, unknown>, owned ?? {}, [], changes);
  return changes;
}

function compareValues(desired: unknown, live: unknown, owned: FieldSet, path: Step[], changes: FieldChange[]): void {
  if (Array.isArray(desired) && Array.isArray(live)) compareLists(desired, live, owned, path, changes);
  else if (isMap(desired) && isMap(live)) compareMaps(desired, live, owned, path, changes);
  else if (desired !== live) changes.push({ path: pathText(path), desired, live });
}

function compareMaps(
  desired: Record<string, unknown>,
  live: Record<string, unknown>,
  owned: FieldSet,
  path: Step[],
  changes: FieldChange[],
): void {
  for (const [field, value] of Object.entries(desired)) {
    if (value === null || value === undefined) continue;
    const inside = [...path, { field }];
    if (live[field] === undefined) {
      if (!isEmpty(value)) changes.push({ path: pathText(inside), desired: value });
    } else compareValues(value, live[field], fieldsOf(owned, `f:${field}`), inside, changes);
  }
  reportLeftOver(desired, live, owned, path, changes);
}

function compareLists(desired: unknown[], live: unknown[], owned: FieldSet, path: Step[], changes: FieldChange[]): void {
  const itemKeys = Object.keys(owned).filter(key => key.startsWith('k:') || key.startsWith('v:'));
  if (itemKeys.length === 0) return compareAtomic(desired, live, path, changes);
  for (const item of desired) {
    const key = itemKeys.find(candidate => stepInto([item], parseStep(candidate) ?? { index: -1 }));
    const step = key ? parseStep(key) : undefined;
    const found = step ? stepInto(live, step) : undefined;
    if (!key || !step || !found) {
      const name = isMap(item) && typeof item.name === 'string' ? { keys: { name: item.name } } : undefined;
      changes.push({ path: pathText([...path, step ?? name ?? { value: item }]), desired: item });
    } else if ('keys' in step) compareValues(item, found.value, fieldsOf(owned, key), [...path, step], changes);
  }
  reportLeftOver(desired, live, owned, path, changes);
}

/** Items by position; what the server filled in inside of an item does not count. */
function compareAtomic(desired: unknown[], live: unknown[], path: Step[], changes: FieldChange[]): void {
  if (desired.length !== live.length) changes.push({ path: pathText(path), desired, live });
  else for (const [index, item] of desired.entries()) compareValues(item, live[index], {}, [...path, { index }], changes);
}

/** What we own and Git no longer wants, but still lives: the next apply takes it away. */
function reportLeftOver(desired: unknown, live: unknown, owned: FieldSet, path: Step[], changes: FieldChange[]): void {
  for (const key of Object.keys(owned)) {
    const step = parseStep(key);
    if (!step || stepInto(desired, step)) continue;
    const found = stepInto(live, step);
    if (found && !(path.length === 1 && 'field' in step && (step.field === 'name' || step.field === 'namespace')))
      changes.push({ path: pathText([...path, step]), live: found.value });
  }
}

function fieldsOf(owned: FieldSet, key: string): FieldSet {
  return (owned[key] ?? {}) as FieldSet;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return isMap(value) && Object.values(value).every(inner => inner === null || inner === undefined);
}
