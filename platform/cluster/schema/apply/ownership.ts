// Who owns what after a write: the update half of structured-merge-diff's merge package, and pruning of what is no longer applied.
import type { TypeSchema } from '../type-schema.ts';
import type { Comparison } from './compare.ts';
import { applyConflict, type OwnedConflict } from './conflict.ts';
import { emptySet, type FieldSet, FieldSetBuilder } from './field-set.ts';
import type { Managers } from './managed-fields.ts';
import { removeFields } from './merge.ts';
import { fieldElement } from './path-element.ts';
import { fieldSetOf } from './typed-value.ts';

/** What no manager owns: identity and bookkeeping of the server. */
export const unowned = setOf([
  ['apiVersion'],
  ['kind'],
  ['metadata'],
  ...[
    'name',
    'namespace',
    'creationTimestamp',
    'selfLink',
    'uid',
    'clusterName',
    'generation',
    'managedFields',
    'resourceVersion',
  ].map(name => ['metadata', name]),
]);

/** A set of plain field paths. */
export function setOf(paths: readonly (readonly string[])[]): FieldSet {
  const builder = new FieldSetBuilder();
  for (const path of paths) builder.insert(path.map(fieldElement));
  return builder.build();
}

interface Takeover {
  comparison: Comparison;
  /** Identity of the manager that writes and keeps its fields; undefined takes from everybody. */
  writer: string | undefined;
  force: boolean;
}

/** Takes changed fields from everybody but the writer. Mutates `managers`. @throws ApplyConflict unless forced */
export function takeFromOthers(managers: Managers, { comparison, writer, force }: Takeover): void {
  const changed = comparison.modified.union(comparison.added);
  const conflicts: OwnedConflict[] = [];
  const rest = new Map<string, FieldSet>();
  for (const [identity, manager] of managers) {
    if (identity === writer) continue;
    const fields = manager.set.intersection(changed);
    if (!fields.isEmpty) conflicts.push({ manager, fields });
    const kept = manager.set.difference(fields).difference(comparison.removed);
    if (kept !== manager.set) rest.set(identity, kept);
  }
  if (!force && conflicts.length > 0) throw applyConflict(conflicts);
  for (const [identity, set] of rest) {
    const manager = managers.get(identity);
    if (manager) managers.set(identity, { ...manager, set });
  }
  dropEmpty(managers);
}

/** Takes the server's own fields from every manager and drops who is left with nothing. Mutates `managers`. */
export function stripUnowned(managers: Managers): void {
  for (const [identity, manager] of managers) {
    const set = manager.set.difference(unowned);
    if (!set.equals(manager.set)) managers.set(identity, { ...manager, set });
  }
  dropEmpty(managers);
}

export function dropEmpty(managers: Managers): void {
  for (const [identity, { set }] of managers) if (set.isEmpty) managers.delete(identity);
}

interface Pruning {
  schema: TypeSchema;
  merged: unknown;
  /** What the applier owned by its last apply. */
  last: FieldSet;
  managers: Managers;
}

/** Removes what the applier set last time, does not set now, and nobody else claims. */
export function pruneAbandoned({ schema, merged, last, managers }: Pruning): unknown {
  let managed = emptySet;
  for (const { set } of managers.values()) managed = managed.union(set);
  if (managed.contains(last)) return merged;
  const lastNamed = last.withNamedFields(schema);
  const mergedSet = fieldSetOf(schema, merged).withNamedFields(schema);
  const pruned = removeFields(schema, merged, lastNamed);
  const prunedSet = fieldSetOf(schema, pruned).withNamedFields(schema);
  const owned = removeFields(schema, merged, mergedSet.difference(prunedSet.union(managed.withNamedFields(schema))));
  const ownedSet = fieldSetOf(schema, owned).withNamedFields(schema);
  return removeFields(schema, merged, mergedSet.difference(ownedSet).intersection(lastNamed)) ?? {};
}
