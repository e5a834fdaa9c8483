// What controllers ask of a pod: is it alive, ready, available, and which of several goes first.
import type { KubeObject } from '../../kube/index.ts';
import type { Pod, PodTemplate } from './api-types.ts';
import { conditionOf } from './conditions.ts';
import { controllerReference } from './references.ts';

export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

/** Neither finished nor being deleted. */
export function isActive(pod: Pod): boolean {
  return !isFinished(pod) && !pod.metadata.deletionTimestamp;
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod.status?.conditions, 'Ready')?.status === 'True';
}

/** Milliseconds until a ready pod counts as available; 0 when it is, undefined when it is not ready. */
export function availableIn(pod: Pod, minReadySeconds: number, now: Date): number | undefined {
  const ready = conditionOf(pod.status?.conditions, 'Ready');
  if (ready?.status !== 'True') return undefined;
  if (minReadySeconds === 0) return 0;
  const since = Date.parse(ready.lastTransitionTime ?? '');
  if (Number.isNaN(since)) return undefined;
  return Math.max(0, since + minReadySeconds * 1_000 - now.getTime());
}

/** A pod as a template describes it, controlled by `owner`, its name made by the server. */
export function podFrom(template: PodTemplate, owner: KubeObject): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `${owner.metadata.name}-`,
      namespace: owner.metadata.namespace ?? '',
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: structuredClone(template.spec),
  };
}

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

function deletionCost(pod: Pod): number {
  return Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? 0) || 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map(status => status.restartCount ?? 0));
}

function readySince(pod: Pod): number {
  return Date.parse(conditionOf(pod.status?.conditions, 'Ready')?.lastTransitionTime ?? '') || 0;
}

/** Which pods a ReplicaSet gives up first: kube-controller-manager's order (pkg/controller, ActivePodsWithRanks). */
export function inDeletionOrder(pods: Pod[]): Pod[] {
  const onNode = new Map<string, number>();
  for (const { spec } of pods) onNode.set(spec.nodeName ?? '', (onNode.get(spec.nodeName ?? '') ?? 0) + 1);
  const ranks = (pod: Pod): number[] => [
    pod.spec.nodeName ? 1 : 0,
    PHASES[pod.status?.phase ?? 'Pending'] ?? 0,
    isReady(pod) ? 1 : 0,
    deletionCost(pod),
    -(onNode.get(pod.spec.nodeName ?? '') ?? 0),
    isReady(pod) ? -readySince(pod) : 0,
    -restarts(pod),
    -(Date.parse(pod.metadata.creationTimestamp ?? '') || 0),
  ];
  const ranked = pods.map(pod => ({ pod, ranks: ranks(pod) }));
  ranked.sort((a, b) => {
    for (const [index, rank] of a.ranks.entries()) {
      const difference = rank - (b.ranks[index] ?? 0);
      if (difference !== 0) return difference;
    }
    return (a.pod.metadata.name ?? '').localeCompare(b.pod.metadata.name ?? '');
  });
  return ranked.map(({ pod }) => pod);
}
