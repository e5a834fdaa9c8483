// Computes how many pods of a PodDisruptionBudget may be evicted now.
import { messageOf } from '../../../core/index.ts';
import type { KubeObject } from '../../../kube/index.ts';
import {
  type Condition,
  type ControllerHost,
  canonical,
  conditionOf,
  controllerOf,
  isFinished,
  isReady,
  type LabelSelector,
  objectKey,
  type Pod,
  selectorMatches,
  timestamp,
  withCondition,
} from '../../controller-runtime/index.ts';
import { scaledValue } from '../deployment/deployment.ts';

interface PodDisruptionBudget extends KubeObject {
  spec: { minAvailable?: number | string; maxUnavailable?: number | string; selector?: LabelSelector };
  status?: {
    observedGeneration?: number;
    currentHealthy: number;
    desiredHealthy: number;
    expectedPods: number;
    disruptionsAllowed: number;
    disruptedPods?: Record<string, string>;
    conditions?: Condition[];
  };
}

type Scaled = KubeObject & { spec?: { replicas?: number } };

// An eviction that the kubelet has not begun within this time is taken for failed.
const EVICTION_LIMIT_MS = 120_000;

export function runDisruptionController(host: ControllerHost): void {
  const budgets = host.caches.of<PodDisruptionBudget>({ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const deployments = host.caches.of<Scaled>({ apiVersion: 'apps/v1', kind: 'Deployment' });
  const replicaSets = host.caches.of<Scaled>({ apiVersion: 'apps/v1', kind: 'ReplicaSet' });
  const statefulSets = host.caches.of<Scaled>({ apiVersion: 'apps/v1', kind: 'StatefulSet' });
  const queue = host.queue({ name: 'disruption-controller', sync });

  budgets.onChange(next => next && queue.add(objectKey(next)));
  pods.onChange((next, previous) => {
    for (const budget of budgets.list((next ?? previous)?.metadata.namespace))
      if ([next, previous].some(pod => pod && selectorMatches(budget.spec.selector, pod.metadata.labels)))
        queue.add(objectKey(budget));
  });
  for (const cache of [deployments, replicaSets, statefulSets])
    cache.onChange((next, previous) => {
      if (next?.spec?.replicas === previous?.spec?.replicas) return;
      for (const budget of budgets.list((next ?? previous)?.metadata.namespace)) queue.add(objectKey(budget));
    });

  async function sync(key: string): Promise<number | undefined> {
    const budget = budgets.getByKey(key);
    if (!budget) return;
    const matched = pods
      .list(budget.metadata.namespace)
      .filter(pod => selectorMatches(budget.spec.selector, pod.metadata.labels));
    const disrupted = recentlyDisrupted(budget, matched);
    const currentHealthy = matched.filter(
      pod => isReady(pod) && !isFinished(pod) && !pod.metadata.deletionTimestamp && !disrupted.has(pod.metadata.name ?? ''),
    ).length;
    let counts = { expectedPods: budget.status?.expectedPods ?? 0, desiredHealthy: budget.status?.desiredHealthy ?? 0 };
    let failure: string | undefined;
    try {
      counts = await expectation(budget, matched);
    } catch (error) {
      failure = messageOf(error);
    }
    const { expectedPods, desiredHealthy } = counts;
    const disruptionsAllowed = failure || expectedPods <= 0 ? 0 : Math.max(0, currentHealthy - desiredHealthy);
    const status = {
      observedGeneration: budget.metadata.generation ?? 0,
      currentHealthy,
      desiredHealthy,
      expectedPods,
      disruptionsAllowed,
      ...(disrupted.size > 0 ? { disruptedPods: Object.fromEntries(disrupted) } : {}),
      conditions: conditionsOf(budget, disruptionsAllowed, failure),
    };
    if (canonical(status) !== canonical(budget.status ?? {}))
      await budgets.update({ ...budget, status }, { subresource: 'status' });
    return disrupted.size > 0 ? EVICTION_LIMIT_MS : undefined;
  }

  function recentlyDisrupted(budget: PodDisruptionBudget, matched: Pod[]): Map<string, string> {
    const now = host.clock.now().getTime();
    const waiting = new Set(matched.filter(pod => !pod.metadata.deletionTimestamp).map(pod => pod.metadata.name));
    return new Map(
      Object.entries(budget.status?.disruptedPods ?? {}).filter(
        ([name, since]) => waiting.has(name) && Date.parse(since) + EVICTION_LIMIT_MS > now,
      ),
    );
  }

  function conditionsOf(budget: PodDisruptionBudget, allowed: number, failure: string | undefined): Condition[] {
    const conditions = budget.status?.conditions ?? [];
    const condition: Condition = {
      type: 'DisruptionAllowed',
      status: allowed > 0 ? 'True' : 'False',
      reason: failure ? 'SyncFailed' : allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
      message: failure ?? '',
      observedGeneration: budget.metadata.generation ?? 0,
    };
    const { lastTransitionTime: _, ...current } = conditionOf(conditions, 'DisruptionAllowed') ?? {};
    if (canonical(current) === canonical(condition)) return conditions;
    return withCondition(conditions, { ...condition, lastTransitionTime: timestamp(host.clock) });
  }

  async function expectation(budget: PodDisruptionBudget, matched: Pod[]) {
    const { minAvailable, maxUnavailable } = budget.spec;
    if (maxUnavailable !== undefined) {
      const expectedPods = await expectedByControllers(budget, matched);
      return { expectedPods, desiredHealthy: Math.max(0, expectedPods - scaledValue(maxUnavailable, expectedPods, Math.ceil)) };
    }
    if (typeof minAvailable === 'string' && minAvailable.endsWith('%')) {
      const expectedPods = await expectedByControllers(budget, matched);
      return { expectedPods, desiredHealthy: scaledValue(minAvailable, expectedPods, Math.ceil) };
    }
    return { expectedPods: matched.length, desiredHealthy: Number(minAvailable ?? 1) };
  }

  /** The sum of what the controllers of the pods ask for. Pods without one do not count, and that is told. */
  async function expectedByControllers(budget: PodDisruptionBudget, matched: Pod[]): Promise<number> {
    const sizes = new Map<string, number>();
    for (const pod of matched) {
      const owner = controllerOf(pod);
      if (!owner) {
        warnOfUnmanaged(budget);
        continue;
      }
      const top = topController(pod.metadata.namespace ?? '', owner);
      if (!sizes.has(top.uid)) sizes.set(top.uid, await sizeOf(pod.metadata.namespace ?? '', top));
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  function warnOfUnmanaged(budget: PodDisruptionBudget): void {
    host.events.record('controllermanager', budget, {
      type: 'Warning',
      reason: 'UnmanagedPods',
      message: `Pods selected by this PodDisruptionBudget (selector: ${goText(budget.spec.selector)}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`,
    });
  }

  function topController(namespace: string, owner: NonNullable<ReturnType<typeof controllerOf>>) {
    const set = owner.kind === 'ReplicaSet' ? replicaSets.get(namespace, owner.name) : undefined;
    const above = set && controllerOf(set);
    return above?.kind === 'Deployment' ? above : owner;
  }

  async function sizeOf(
    namespace: string,
    { apiVersion, kind, name }: { apiVersion: string; kind: string; name: string },
  ): Promise<number> {
    const cache = { Deployment: deployments, ReplicaSet: replicaSets, StatefulSet: statefulSets }[kind];
    const known = cache?.get(namespace, name);
    if (known) return known.spec?.replicas ?? 1;
    const scale = await host.client.get<Scaled>({ apiVersion, kind, namespace, name }, { subresource: 'scale' });
    if (!scale) throw new Error(`found no scale of ${kind} "${name}"`);
    return scale.spec?.replicas ?? 0;
  }
}

/** A selector as Go prints it. */
function goText({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}): string {
  const labels = Object.entries(matchLabels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join('')}},}`;
}
