// ResourceQuotas: what a new object would use is checked against the status of each quota and added to it (ResourceQuota).
import type { KindObject } from '../../kinds/index.ts';
import {
  addQuantity,
  builtinSchema,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  trackUpdate,
} from '../../schema/index.ts';
import type { Store, StoredObject } from '../../store/index.ts';
import type { AdmissionRequest } from '../registry/registry-parts.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionPlugin } from './admission-chain.ts';
import { inScope, type ScopeRules } from './quota-scopes.ts';

type Amounts = Record<string, string>;

interface Container {
  name: string;
  resources?: { limits?: Amounts; requests?: Amounts };
}

const COUNTED: Record<string, string> = {
  '/pods': 'pods',
  '/services': 'services',
  '/replicationcontrollers': 'replicationcontrollers',
  '/resourcequotas': 'resourcequotas',
  '/secrets': 'secrets',
  '/configmaps': 'configmaps',
  '/persistentvolumeclaims': 'persistentvolumeclaims',
};
const REQUEST_NAMES = ['cpu', 'memory', 'ephemeral-storage'];

function sum(amounts: readonly (string | undefined)[]): string {
  return amounts.reduce<string>(
    (total, value) => (value === undefined ? total : formatQuantity(addQuantity(parseQuantity(total), parseQuantity(value)))),
    '0',
  );
}

function podUsage(spec: { containers: Container[]; initContainers?: Container[] }): Amounts {
  const usage: Amounts = {};
  const names = new Set(
    spec.containers.flatMap(({ resources }) => [
      ...Object.keys(resources?.requests ?? {}),
      ...Object.keys(resources?.limits ?? {}),
    ]),
  );
  for (const name of [...REQUEST_NAMES, ...names]) {
    const of = (which: 'requests' | 'limits') => {
      const running = sum(spec.containers.map(({ resources }) => resources?.[which]?.[name]));
      const starting = (spec.initContainers ?? []).map(({ resources }) => resources?.[which]?.[name] ?? '0');
      return starting.reduce(
        (most, value) => (compareQuantity(parseQuantity(value), parseQuantity(most)) > 0 ? value : most),
        running,
      );
    };
    usage[`requests.${name}`] = of('requests');
    usage[`limits.${name}`] = of('limits');
    if (REQUEST_NAMES.includes(name)) usage[name] = usage[`requests.${name}`] as string;
  }
  return usage;
}

/** What an object counts for, by quota name. */
function usageOf(resource: AdmissionRequest['resource'], object: KindObject): Amounts {
  const { collection, name } = resource;
  const usage: Amounts = { [`count/${name.group === '' ? name.resource : `${name.resource}.${name.group}`}`]: '1' };
  const counted = COUNTED[collection];
  if (counted) usage[counted] = '1';
  if (collection === '/pods') Object.assign(usage, podUsage(object['spec'] as unknown as { containers: Container[] }));
  if (collection === '/services') {
    const spec = object['spec'] as { type?: string; ports?: unknown[] };
    if (spec.type === 'LoadBalancer') usage['services.loadbalancers'] = '1';
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') usage['services.nodeports'] = String((spec.ports ?? []).length);
  }
  if (collection === '/persistentvolumeclaims') {
    const spec = object['spec'] as { resources?: { requests?: Amounts }; storageClassName?: string };
    const storage = spec.resources?.requests?.['storage'] ?? '0';
    usage['requests.storage'] = storage;
    if (spec.storageClassName) {
      usage[`${spec.storageClassName}.storageclass.storage.k8s.io/requests.storage`] = storage;
      usage[`${spec.storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`] = '1';
    }
  }
  return usage;
}

const shown = (names: readonly string[], amounts: Amounts): string =>
  names.map(name => `${name}=${canonicalQuantity(amounts[name] ?? '0')}`).join(',');

/** Names of a pod's requests or limits that a quota counts and that a container leaves out. */
function unspecified(hard: Amounts, containers: readonly Container[]): string | undefined {
  const missing = new Map<string, string[]>();
  for (const name of Object.keys(hard).sort()) {
    const [which, of] = name.startsWith('requests.')
      ? ['requests' as const, name.slice(9)]
      : name.startsWith('limits.')
        ? ['limits' as const, name.slice(7)]
        : ['requests' as const, name];
    if (!['cpu', 'memory'].includes(of)) continue;
    const without = containers.filter(({ resources }) => resources?.[which]?.[of] === undefined).map(container => container.name);
    if (without.length > 0) missing.set(name, without);
  }
  if (missing.size === 0) return undefined;
  return [...missing].map(([name, containers]) => `${name} for: ${containers.join(',')}`).join('; ');
}

function check(store: Store, request: AdmissionRequest, quota: StoredObject): void {
  const { resource, object, name, dryRun } = request;
  if (!object) return;
  const spec = quota['spec'] as ScopeRules & { hard?: Amounts };
  if (!inScope(spec, resource.collection, object)) return;
  const status = (quota['status'] ?? {}) as { hard?: Amounts; used?: Amounts };
  const hard = status.hard ?? {};
  const usage = usageOf(resource, object);
  const names = Object.keys(hard)
    .filter(key => usage[key] !== undefined)
    .sort();
  if (names.length === 0) return;
  if (resource.collection === '/pods') {
    const missing = unspecified(hard, (object['spec'] as unknown as { containers: Container[] }).containers);
    if (missing) throw forbidden(resource.name, name, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
  }
  const used: Amounts = { ...status.used };
  const exceeded: string[] = [];
  for (const key of names) {
    const next = sum([used[key], usage[key]]);
    const isMore = compareQuantity(parseQuantity(usage[key] as string), parseQuantity('0')) > 0;
    if (isMore && compareQuantity(parseQuantity(next), parseQuantity(hard[key] as string)) > 0) exceeded.push(key);
    else used[key] = canonicalQuantity(next);
  }
  if (exceeded.length > 0) {
    const why = `exceeded quota: ${quota.metadata.name}, requested: ${shown(exceeded, usage)}, used: ${shown(exceeded, status.used ?? {})}, limited: ${shown(exceeded, hard)}`;
    throw forbidden(resource.name, name, why);
  }
  if (dryRun) return;
  const next = { ...quota, metadata: { ...quota.metadata }, status: { ...status, used } } as StoredObject;
  const schema = builtinSchema('', 'v1', 'ResourceQuota');
  if (schema) {
    const time = rfc3339(request.context.now);
    const managedFields = trackUpdate({
      schema,
      before: quota,
      after: next,
      manager: 'kube-apiserver',
      apiVersion: 'v1',
      subresource: 'status',
      time,
    });
    if (managedFields) next.metadata['managedFields'] = managedFields;
  }
  store.put({ collection: '/resourcequotas', namespace: String(quota.metadata.namespace), name: quota.metadata.name }, next);
}

export function resourceQuota(store: Store): AdmissionPlugin {
  return {
    validate(request) {
      const { operation, subresource, resource, namespace } = request;
      if (operation !== 'create' || subresource !== '' || !resource.strategy.namespaced) return;
      for (const { object } of store.list('/resourcequotas', namespace)) check(store, request, object);
    },
  };
}
