// Computes what is used of each ResourceQuota. That nothing exceeds it is the API server's business.
import type { KubeObject } from '../../../kube/index.ts';
import { type ControllerHost, canonical, type ObjectCache, objectKey, type Pod } from '../../controller-runtime/index.ts';
import { compareQuantity, formatQuantity, parseQuantity } from '../../schema/index.ts';
import type { Catalogue } from '../catalogue.ts';
import { addUsage, inScope, type Usage, usageOf } from './quota-usage.ts';

interface ResourceQuota extends KubeObject {
  spec: { hard?: Record<string, string>; scopes?: string[]; scopeSelector?: Parameters<typeof inScope>[0]['scopeSelector'] };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

// Several objects made at once are counted once.
const SETTLE_MS = 20;
// The API server counts an object before it is stored; only what stays unseen for this long is not there.
const LOWER_AFTER_MS = 250;
const ALWAYS_COUNTED = ['pods', 'services', 'persistentvolumeclaims'];
/** Kinds that a quota may name without `count/`. */
const PLAIN_NAMES = new Set([
  'pods',
  'services',
  'persistentvolumeclaims',
  'secrets',
  'configmaps',
  'replicationcontrollers',
  'resourcequotas',
]);

export function runResourceQuotaController(host: ControllerHost, catalogue: Catalogue): void {
  const quotas = host.caches.of<ResourceQuota>({ apiVersion: 'v1', kind: 'ResourceQuota' });
  const counted = new Map<string, ObjectCache<KubeObject>>();
  const lowered = new Map<string, string>();
  const queue = host.queue({ name: 'resourcequota-controller', sync });
  quotas.onChange(next => next && queue.add(objectKey(next)));

  async function sync(key: string): Promise<number | undefined> {
    const quota = quotas.getByKey(key);
    if (!quota || quota.metadata.deletionTimestamp) return;
    const hard = quota.spec.hard ?? {};
    const usage: Usage = new Map();
    for (const resource of countedResources(hard)) {
      const cache = await follow(resource);
      if (!cache) continue;
      const objects = cache
        .list(quota.metadata.namespace)
        .filter(object => resource !== 'pods' || inScope(quota.spec, object as Pod));
      for (const object of objects) addUsage(usage, usageOf(object));
      const count = parseQuantity(String(objects.length));
      usage.set(`count/${resource}`, count);
      if (PLAIN_NAMES.has(resource) && !usage.has(resource)) usage.set(resource, count);
    }
    const used = Object.fromEntries(
      Object.keys(hard).map(name => {
        const amount = usage.get(name);
        return [name, amount ? formatQuantity(amount) : '0'];
      }),
    );
    const status = { hard, used };
    if (canonical(status) === canonical(quota.status ?? {})) return void lowered.delete(key);
    const sight = `${quota.metadata.resourceVersion} ${canonical(used)}`;
    if (isLower(used, quota.status?.used ?? {}) && lowered.get(key) !== sight) {
      lowered.set(key, sight);
      return LOWER_AFTER_MS;
    }
    lowered.delete(key);
    await quotas.update({ ...quota, status }, { subresource: 'status' });
    return undefined;
  }

  /** The cache of a resource like `deployments.apps`, whose changes count from then on. */
  async function follow(resource: string): Promise<ObjectCache<KubeObject> | undefined> {
    const known = counted.get(resource);
    if (known) return known;
    const served = (await catalogue.resources()).find(
      ({ plural, group, namespaced }) => namespaced && resource === (group === '' ? plural : `${plural}.${group}`),
    );
    if (!served) return undefined;
    const cache = host.caches.of(served);
    await cache.synced();
    counted.set(resource, cache);
    cache.onChange((next, previous) => {
      for (const quota of quotas.list((next ?? previous)?.metadata.namespace)) queue.addAfter(objectKey(quota), SETTLE_MS);
    });
    return cache;
  }
}

function countedResources(hard: Record<string, string>): Set<string> {
  const resources = new Set(ALWAYS_COUNTED);
  for (const name of Object.keys(hard)) {
    if (name.startsWith('count/')) resources.add(name.slice('count/'.length));
    else if (PLAIN_NAMES.has(name)) resources.add(name);
  }
  return resources;
}

function isLower(used: Record<string, string>, before: Record<string, string>): boolean {
  return Object.entries(used).some(([name, amount]) => {
    const known = before[name];
    return known !== undefined && compareQuantity(parseQuantity(amount), parseQuantity(known)) < 0;
  });
}
