// Managed objects in a form in which those of two clusters can be compared: without what each cluster makes up by itself.
import { createHmac, randomBytes } from 'node:crypto';
import type { KubeObject } from '../../kube/index.ts';
import type { ManagedObject } from '../contract.ts';
import { withoutServerFields } from '../diff/index.ts';
import { groupKindOf, keyOf, resourceLabel } from '../model/index.ts';

/** Secret values become keyed hashes: comparable within one process, and no use to a reader. */
const key = randomBytes(32);

/** JSON pointers, as lists of steps, that a cluster fills in for a kind. */
const CLUSTER_MADE: Record<string, string[][]> = {
  '/Service': [
    ['spec', 'clusterIP'],
    ['spec', 'clusterIPs'],
    ['spec', 'healthCheckNodePort'],
  ],
  '/ServiceAccount': [['secrets']],
  '/PersistentVolumeClaim': [['spec', 'volumeName']],
  'argoproj.io/Application': [['operation']],
};

const CLUSTER_ANNOTATIONS =
  /^(deployment\.kubernetes\.io\/revision|pv\.kubernetes\.io\/|volume\.(beta\.)?kubernetes\.io\/|deprecated\.daemonset\.)/;

/** Ordered by key. */
export function managedObjects(objects: { application: string; object: KubeObject }[]): ManagedObject[] {
  return objects
    .map(({ application, object }) => ({
      sortKey: keyOf(object),
      application,
      resource: resourceLabel(object),
      ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
      object: normalised(object),
    }))
    .sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1))
    .map(({ sortKey: _sortKey, ...managed }) => managed);
}

function normalised(object: KubeObject): KubeObject {
  const copy = structuredClone(withoutServerFields(object)) as KubeObject & Record<string, unknown>;
  for (const path of CLUSTER_MADE[groupKindOf(object)] ?? []) remove(copy, path);
  const { annotations } = copy.metadata;
  for (const name of Object.keys(annotations ?? {})) if (annotations && CLUSTER_ANNOTATIONS.test(name)) delete annotations[name];
  if (object.kind === 'Service')
    for (const port of (copy.spec as { ports?: { nodePort?: number }[] } | undefined)?.ports ?? []) delete port.nodePort;
  if (object.kind === 'Secret' && object.apiVersion === 'v1') {
    const data = (copy.data ?? {}) as Record<string, unknown>;
    for (const name of Object.keys(data)) data[name] = createHmac('sha256', key).update(String(data[name])).digest('hex');
  }
  return sorted(copy) as KubeObject;
}

function remove(object: Record<string, unknown>, path: string[]): void {
  const [step = '', ...rest] = path;
  if (rest.length === 0) delete object[step];
  else if (typeof object[step] === 'object' && object[step] !== null) remove(object[step] as Record<string, unknown>, rest);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}
