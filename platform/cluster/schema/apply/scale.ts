// managedFields across the scale subresource: a Scale shows who owns the replicas of its parent, and gives changes back to it.
// After k8s.io/apimachinery/pkg/util/managedfields ScaleHandler.
import type { ManagedFieldsEntry } from '../../../kube/index.ts';
import { type Managers, readManagers, writeManagers } from './managed-fields.ts';
import { setOf } from './ownership.ts';
import { fieldElement } from './path-element.ts';

export interface ScaleFields {
  /** managedFields of the scaled object. */
  parent: readonly ManagedFieldsEntry[] | undefined;
  /** Where the scaled object keeps its replicas, such as `['spec', 'replicas']`. */
  replicasPath: readonly string[];
  /** The version in which the scaled object is served. */
  apiVersion: string;
}

const inScale = setOf([['spec', 'replicas']]);
const scaleVersion = 'autoscaling/v1';

/** The managedFields that a Scale has for server-side apply and updates. */
export function scaleManagedFields({ parent, replicasPath }: ScaleFields): ManagedFieldsEntry[] | undefined {
  const path = replicasPath.map(fieldElement);
  const managers: Managers = new Map();
  for (const [identity, manager] of readManagers(parent) ?? []) {
    if (manager.set.has(path)) managers.set(identity, { ...manager, apiVersion: scaleVersion, set: inScale });
  }
  return writeManagers(managers);
}

/** The scaled object's managedFields after a write to its Scale, which left the Scale with these. */
export function scaleManagedFieldsToParent(
  scale: readonly ManagedFieldsEntry[] | undefined,
  { parent, replicasPath, apiVersion }: ScaleFields,
): ManagedFieldsEntry[] | undefined {
  const path = replicasPath.map(fieldElement);
  const inParent = setOf([replicasPath]);
  const scaling = new Map([...(readManagers(scale) ?? [])].map(([identity, manager]) => [identity, manager]));
  const managers: Managers = new Map();
  for (const [identity, manager] of readManagers(parent) ?? []) {
    const kept = manager.set.has(path) && !isIn(scaling, manager) ? manager.set.difference(inParent) : manager.set;
    if (!kept.isEmpty) managers.set(identity, { ...manager, set: kept });
    if (manager.set.has(path)) remove(scaling, manager);
  }
  for (const manager of scaling.values()) {
    if (!manager.set.has(['f:spec', 'f:replicas'])) continue;
    const entry = { ...manager, apiVersion, set: inParent, time: undefined };
    managers.set(JSON.stringify([entry.name, entry.operation, entry.subresource, 'scale']), entry);
  }
  return writeManagers(managers);
}

type Known = Managers extends Map<string, infer Entry> ? Entry : never;

function matching(scaling: Managers, { name, operation, subresource }: Known): string | undefined {
  for (const [identity, each] of scaling) {
    if (each.name === name && each.operation === operation && each.subresource === subresource) return identity;
  }
  return undefined;
}

function isIn(scaling: Managers, manager: Known): boolean {
  return matching(scaling, manager) !== undefined;
}

function remove(scaling: Managers, manager: Known): void {
  const identity = matching(scaling, manager);
  if (identity !== undefined) scaling.delete(identity);
}
