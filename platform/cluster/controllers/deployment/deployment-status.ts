// The status of a Deployment: counts, availability, and the story of its progress, in Kubernetes' own words.
import {
  type Condition,
  type ControllerHost,
  canonical,
  conditionOf,
  timestamp,
  withCondition,
  withoutCondition,
} from '../../controller-runtime/index.ts';
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import {
  availableReplicas,
  type Deployment,
  type DeploymentStatus,
  desiredReplicas,
  progressDeadlineMs,
  rollingLimits,
  specReplicas,
} from './deployment.ts';

const COUNTS = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas'] as const;

/** Sets a condition unless it already says so; times move only with what they time. */
export function setCondition(conditions: Condition[], condition: Condition): Condition[] {
  const current = conditionOf(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return conditions;
  return withCondition(conditions, condition);
}

export function newCondition(
  host: ControllerHost,
  condition: Pick<Condition, 'type' | 'status' | 'reason' | 'message'>,
): Condition {
  const now = timestamp(host.clock);
  return { ...condition, lastUpdateTime: now, lastTransitionTime: now };
}

/** Counts and availability; progress is not touched. */
export function countStatus(
  host: ControllerHost,
  deployment: Deployment,
  sets: ReplicaSet[],
  newSet: ReplicaSet | undefined,
): DeploymentStatus {
  const available = availableReplicas(sets);
  const counts = {
    replicas: sets.reduce((sum, set) => sum + (set.status?.replicas ?? 0), 0),
    updatedReplicas: newSet?.status?.replicas ?? 0,
    readyReplicas: sets.reduce((sum, set) => sum + (set.status?.readyReplicas ?? 0), 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, specReplicas(sets) - available),
  };
  const enough = available >= desiredReplicas(deployment) - rollingLimits(deployment).maxUnavailable;
  const conditions = setCondition(
    deployment.status?.conditions ?? [],
    newCondition(
      host,
      enough
        ? {
            type: 'Available',
            status: 'True',
            reason: 'MinimumReplicasAvailable',
            message: 'Deployment has minimum availability.',
          }
        : {
            type: 'Available',
            status: 'False',
            reason: 'MinimumReplicasUnavailable',
            message: 'Deployment does not have minimum availability.',
          },
    ),
  );
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    ...Object.fromEntries(COUNTS.filter(name => counts[name] > 0).map(name => [name, counts[name]])),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions,
  };
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const wanted = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === wanted &&
    (status.replicas ?? 0) === wanted &&
    (status.availableReplicas ?? 0) === wanted &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(deployment: Deployment, next: DeploymentStatus): boolean {
  const previous = deployment.status ?? {};
  const old = (status: DeploymentStatus) => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (previous.updatedReplicas ?? 0) ||
    old(next) < old(previous) ||
    (next.readyReplicas ?? 0) > (previous.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (previous.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, next: DeploymentStatus, now: Date): boolean {
  const deadline = progressDeadlineMs(deployment);
  const progress = conditionOf(next.conditions, 'Progressing');
  if (deadline === undefined || !progress || progress.reason === 'NewReplicaSetAvailable') return false;
  if (progress.reason === 'ProgressDeadlineExceeded') return true;
  return Date.parse(progress.lastUpdateTime ?? '') + deadline < now.getTime();
}

/** The whole status of a rollout, progress and failures included. */
export function rolloutStatus(
  host: ControllerHost,
  deployment: Deployment,
  sets: ReplicaSet[],
  newSet: ReplicaSet | undefined,
): DeploymentStatus {
  const status = countStatus(host, deployment, sets, newSet);
  let conditions = status.conditions ?? [];
  if (progressDeadlineMs(deployment) === undefined) conditions = withoutCondition(conditions, 'Progressing');
  else {
    const current = conditionOf(deployment.status?.conditions, 'Progressing');
    const done = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
    if (!done) conditions = progressConditions(host, deployment, { status, conditions, current, newSet });
  }
  const failure = failureOf(sets, newSet);
  conditions = failure ? setCondition(conditions, newCondition(host, failure)) : withoutCondition(conditions, 'ReplicaFailure');
  return { ...status, conditions };
}

function progressConditions(
  host: ControllerHost,
  deployment: Deployment,
  {
    status,
    conditions,
    current,
    newSet,
  }: { status: DeploymentStatus; conditions: Condition[]; current: Condition | undefined; newSet: ReplicaSet | undefined },
): Condition[] {
  const subject = newSet ? `ReplicaSet "${newSet.metadata.name}"` : `Deployment "${deployment.metadata.name}"`;
  const progressing = (state: 'True' | 'False', reason: string, message: string) =>
    newCondition(host, { type: 'Progressing', status: state, reason, message: `${subject} ${message}` });
  if (isComplete(deployment, status))
    return setCondition(conditions, progressing('True', 'NewReplicaSetAvailable', 'has successfully progressed.'));
  if (hasProgressed(deployment, status)) {
    const next = progressing('True', 'ReplicaSetUpdated', 'is progressing.');
    if (current?.status === 'True') next.lastTransitionTime = current.lastTransitionTime ?? null;
    return [...withoutCondition(conditions, 'Progressing'), next];
  }
  if (hasTimedOut(deployment, status, host.clock.now()))
    return setCondition(conditions, progressing('False', 'ProgressDeadlineExceeded', 'has timed out progressing.'));
  return conditions;
}

function failureOf(sets: ReplicaSet[], newSet: ReplicaSet | undefined) {
  const failing = [newSet, ...sets].map(set => conditionOf(set?.status?.conditions, 'ReplicaFailure')).find(Boolean);
  if (!failing) return undefined;
  return { type: 'ReplicaFailure', status: failing.status, reason: failing.reason ?? '', message: failing.message ?? '' };
}

export function sameStatus(a: DeploymentStatus | undefined, b: DeploymentStatus): boolean {
  return canonical(a) === canonical(b);
}
