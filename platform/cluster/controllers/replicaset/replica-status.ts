// The status of a ReplicaSet, counted from its pods. Numbers that are 0 are left out, as the API leaves them out.
import {
  availableIn,
  type Condition,
  type ControllerHost,
  conditionOf,
  isReady,
  type Pod,
  timestamp,
  withCondition,
  withoutCondition,
} from '../../controller-runtime/index.ts';
import type { ReplicaSet, ReplicaSetStatus } from './replica-set.ts';

/** `failure` is what kept the controller from creating or deleting pods. */
export function replicaStatus(
  set: ReplicaSet,
  pods: Pod[],
  { host, failure }: { host: ControllerHost; failure?: { reason: 'FailedCreate' | 'FailedDelete'; message: string } },
): ReplicaSetStatus {
  const wanted = Object.entries(set.spec.template.metadata?.labels ?? {});
  const labelled = pods.filter(pod => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)).length;
  const ready = pods.filter(isReady).length;
  const now = host.clock.now();
  const available = pods.filter(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now) === 0).length;
  const conditions = failureConditions(set, { host, failure });
  return {
    replicas: pods.length,
    ...(labelled > 0 ? { fullyLabeledReplicas: labelled } : {}),
    ...(ready > 0 ? { readyReplicas: ready } : {}),
    ...(available > 0 ? { availableReplicas: available } : {}),
    observedGeneration: set.metadata.generation ?? 0,
    ...(conditions.length > 0 ? { conditions } : {}),
  };
}

function failureConditions(
  set: ReplicaSet,
  { host, failure }: { host: ControllerHost; failure?: { reason: string; message: string } | undefined },
): Condition[] {
  const previous = set.status?.conditions ?? [];
  if (!failure) return withoutCondition(previous, 'ReplicaFailure');
  if (conditionOf(previous, 'ReplicaFailure')?.reason === failure.reason) return previous;
  return withCondition(previous, {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: timestamp(host.clock),
    reason: failure.reason,
    message: failure.message,
  });
}

/** Milliseconds until the next ready pod becomes available, if one waits for that. */
export function nextAvailability(set: ReplicaSet, pods: Pod[], now: Date): number | undefined {
  const waits = pods.map(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now)).filter(ms => ms !== undefined && ms > 0);
  return waits.length > 0 ? Math.min(...(waits as number[])) : undefined;
}
