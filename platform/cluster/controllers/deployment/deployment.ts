// The fields of Deployments, and the arithmetic of their strategy.
import type { KubeObject } from '../../../kube/index.ts';
import { type Condition, canonical, type LabelSelector, type PodTemplate } from '../../controller-runtime/index.ts';
import type { ReplicaSet } from '../replicaset/replica-set.ts';

export interface DeploymentStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  unavailableReplicas?: number;
  collisionCount?: number;
  conditions?: Condition[];
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    template: PodTemplate;
    strategy?: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } };
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    paused?: boolean;
    progressDeadlineSeconds?: number;
  };
  status?: DeploymentStatus;
}

export const COMPONENT = 'deployment-controller';
export const REVISION = 'deployment.kubernetes.io/revision';
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history';
export const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
export const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
export const TEMPLATE_HASH = 'pod-template-hash';

const NO_DEADLINE = 2 ** 31 - 1;

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec.replicas ?? 1;
}

export function progressDeadlineMs(deployment: Deployment): number | undefined {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds === undefined || seconds === NO_DEADLINE ? undefined : seconds * 1_000;
}

/** A number or a percentage of `total`. */
export function scaledValue(value: number | string | undefined, total: number, round: (n: number) => number): number {
  if (typeof value === 'string' && value.endsWith('%')) return round((Number.parseInt(value, 10) * total) / 100);
  return Number(value ?? 0) || 0;
}

/** How far a rolling update may go above and below the desired number. Both are 0 for Recreate. */
export function rollingLimits(deployment: Deployment): { maxSurge: number; maxUnavailable: number } {
  if (deployment.spec.strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const { maxSurge = '25%', maxUnavailable = '25%' } = deployment.spec.strategy?.rollingUpdate ?? {};
  const replicas = desiredReplicas(deployment);
  const surge = scaledValue(maxSurge, replicas, Math.ceil);
  const unavailable = scaledValue(maxUnavailable, replicas, Math.floor);
  // Neither would let the update move at all.
  if (surge === 0 && unavailable === 0) return { maxSurge: 0, maxUnavailable: replicas === 0 ? 0 : 1 };
  return { maxSurge: surge, maxUnavailable: Math.min(unavailable, replicas) };
}

export function specReplicas(sets: ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + (set.spec.replicas ?? 0), 0);
}

export function availableReplicas(sets: ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + (set.status?.availableReplicas ?? 0), 0);
}

export function isScaled(set: ReplicaSet): boolean {
  return (set.spec.replicas ?? 0) > 0;
}

export function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION] ?? 0) || 0;
}

export function byAge(a: ReplicaSet, b: ReplicaSet): number {
  return (
    (Date.parse(a.metadata.creationTimestamp ?? '') || 0) - (Date.parse(b.metadata.creationTimestamp ?? '') || 0) ||
    (a.metadata.name ?? '').localeCompare(b.metadata.name ?? '')
  );
}

/** The template as users wrote it, whatever hash a controller put into it. */
function templateText({ metadata, spec }: PodTemplate): string {
  const { [TEMPLATE_HASH]: _, ...labels } = metadata?.labels ?? {};
  return canonical({ labels, annotations: metadata?.annotations ?? {}, finalizers: metadata?.finalizers ?? [], spec });
}

/** The set that runs the Deployment's template; the oldest when there are several. */
export function findNewSet(deployment: Deployment, sets: ReplicaSet[]): ReplicaSet | undefined {
  const wanted = templateText(deployment.spec.template);
  return [...sets].sort(byAge).find(set => templateText(set.spec.template) === wanted);
}
