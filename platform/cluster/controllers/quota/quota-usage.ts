// How much of each quota'd resource an object uses.
import type { KubeObject } from '../../../kube/index.ts';
import { isFinished, type Pod, type Service } from '../../controller-runtime/index.ts';
import { addQuantity, parseQuantity, type Quantity } from '../../schema/index.ts';

export type Usage = Map<string, Quantity>;

const ONE = parseQuantity('1');
const ZERO = parseQuantity('0');

export function addUsage(total: Usage, usage: Usage): void {
  for (const [name, amount] of usage) total.set(name, addQuantity(total.get(name) ?? ZERO, amount));
}

/** What the objects of a core kind count as, besides `count/…`. */
export function usageOf(object: KubeObject): Usage {
  switch (object.kind) {
    case 'Pod':
      return podUsage(object as Pod);
    case 'Service':
      return serviceUsage(object as Service);
    case 'PersistentVolumeClaim':
      return claimUsage(object);
    default:
      return new Map();
  }
}

/** A pod that has ended uses nothing. */
export function podUsage(pod: Pod): Usage {
  if (isFinished(pod)) return new Map();
  const usage: Usage = new Map([['pods', ONE]]);
  for (const side of ['requests', 'limits'] as const) {
    const total: Usage = new Map();
    for (const { resources } of pod.spec.containers) addUsage(total, quantities(resources?.[side]));
    const peak: Usage = new Map();
    for (const { resources } of pod.spec.initContainers ?? [])
      for (const [name, amount] of quantities(resources?.[side]))
        if (amount.nanos > (peak.get(name)?.nanos ?? 0n)) peak.set(name, amount);
    for (const [name, amount] of peak) if (amount.nanos > (total.get(name)?.nanos ?? 0n)) total.set(name, amount);
    for (const [name, amount] of total) {
      usage.set(`${side}.${name}`, amount);
      if (side === 'requests' && ['cpu', 'memory', 'ephemeral-storage'].includes(name)) usage.set(name, amount);
    }
  }
  return usage;
}

function quantities(resources: Record<string, string> | undefined): Usage {
  return new Map(Object.entries(resources ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
}

function serviceUsage({ spec }: Service): Usage {
  const usage: Usage = new Map([['services', ONE]]);
  const ports = parseQuantity(String((spec.ports ?? []).length));
  if (spec.type === 'LoadBalancer') usage.set('services.loadbalancers', ONE);
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') usage.set('services.nodeports', ports);
  return usage;
}

function claimUsage(claim: KubeObject): Usage {
  const spec = claim['spec'] as { storageClassName?: string; resources?: { requests?: { storage?: string } } };
  const storage = parseQuantity(spec.resources?.requests?.storage ?? '0');
  const usage: Usage = new Map([
    ['persistentvolumeclaims', ONE],
    ['requests.storage', storage],
  ]);
  if (spec.storageClassName) {
    usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/requests.storage`, storage);
    usage.set(`${spec.storageClassName}.storageclass.storage.k8s.io/persistentvolumeclaims`, ONE);
  }
  return usage;
}

interface ScopedQuota {
  scopes?: string[];
  scopeSelector?: { matchExpressions?: { scopeName: string; operator: string; values?: string[] }[] };
}

/** Whether a quota with scopes counts this pod. */
export function inScope(quota: ScopedQuota, pod: Pod): boolean {
  const expressions = [
    ...(quota.scopes ?? []).map(scopeName => ({ scopeName, operator: 'Exists', values: [] as string[] })),
    ...(quota.scopeSelector?.matchExpressions ?? []),
  ];
  return expressions.every(({ scopeName, operator, values = [] }) => {
    const holds = scopeHolds(scopeName, pod, operator === 'Exists' || operator === 'DoesNotExist' ? undefined : values);
    return operator === 'DoesNotExist' || operator === 'NotIn' ? !holds : holds;
  });
}

function scopeHolds(scope: string, pod: Pod, values: string[] | undefined): boolean {
  const terminating = pod.spec.activeDeadlineSeconds !== undefined;
  const bestEffort = pod.status?.['qosClass'] === 'BestEffort';
  const priorityClass = pod.spec['priorityClassName'] as string | undefined;
  switch (scope) {
    case 'Terminating':
      return terminating;
    case 'NotTerminating':
      return !terminating;
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'PriorityClass':
      return priorityClass !== undefined && (!values || values.includes(priorityClass));
    default:
      return false;
  }
}
