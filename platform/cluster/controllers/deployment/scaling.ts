// Sizes of ReplicaSets: how large the new one may be, and how a change of the Deployment's size is shared out in mid-rollout.
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import {
  availableReplicas,
  byAge,
  COMPONENT,
  DESIRED_REPLICAS,
  type Deployment,
  desiredReplicas,
  isScaled,
  MAX_REPLICAS,
  revisionOf,
  rollingLimits,
  specReplicas,
} from './deployment.ts';
import type { Rollout } from './rollout.ts';
import { hasCurrentSizes, sizeAnnotations } from './set-annotations.ts';

/** The size that the new set may have now: all for Recreate, what the surge leaves room for otherwise. */
export function newSetSize(deployment: Deployment, sets: ReplicaSet[], newSet: ReplicaSet): number {
  const wanted = desiredReplicas(deployment);
  if (deployment.spec.strategy?.type === 'Recreate') return wanted;
  const own = newSet.spec.replicas ?? 0;
  const room = wanted + rollingLimits(deployment).maxSurge - specReplicas(sets);
  return room <= 0 ? own : own + Math.min(room, wanted - own);
}

/** Sets size and size annotations, writes the event; true when the size changed. */
export async function resize(rollout: Rollout, set: ReplicaSet, size: number): Promise<boolean> {
  const { deployment, host, replicaSets } = rollout;
  const before = set.spec.replicas ?? 0;
  if (before === size && hasCurrentSizes(set, deployment)) return false;
  const updated = await replicaSets.update({
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...sizeAnnotations(deployment) } },
    spec: { ...set.spec, replicas: size },
  });
  replace(rollout, set, updated);
  if (before === size) return false;
  host.events.record(COMPONENT, deployment, {
    reason: 'ScalingReplicaSet',
    message: `Scaled ${before < size ? 'up' : 'down'} replica set ${set.metadata.name} from ${before} to ${size}`,
  });
  return true;
}

function replace(rollout: Rollout, set: ReplicaSet, updated: ReplicaSet): void {
  const swap = (sets: ReplicaSet[]) => sets.map(each => (each === set ? updated : each));
  rollout.sets = swap(rollout.sets);
  rollout.oldSets = swap(rollout.oldSets);
  if (rollout.newSet === set) rollout.newSet = updated;
}

/** True when an active set was sized for another number of replicas than the Deployment asks for now. */
export function isScalingEvent(deployment: Deployment, sets: ReplicaSet[]): boolean {
  return sets
    .filter(isScaled)
    .some(set => Number(set.metadata.annotations?.[DESIRED_REPLICAS] ?? Number.NaN) !== desiredReplicas(deployment));
}

/** Brings the sets to the Deployment's size without moving the rollout forward. */
export async function scale(rollout: Rollout): Promise<void> {
  const { deployment, newSet, oldSets } = rollout;
  const wanted = desiredReplicas(deployment);
  const only = activeOrLatest(newSet, oldSets);
  if (only) {
    if ((only.spec.replicas ?? 0) !== wanted) await resize(rollout, only, wanted);
  } else if (newSet && isSaturated(deployment, newSet)) {
    for (const old of oldSets.filter(isScaled)) await resize(rollout, old, 0);
  } else if (deployment.spec.strategy?.type !== 'Recreate') await scaleProportionally(rollout);
}

function activeOrLatest(newSet: ReplicaSet | undefined, oldSets: ReplicaSet[]): ReplicaSet | undefined {
  const active = [...oldSets, ...(newSet ? [newSet] : [])].filter(isScaled);
  if (active.length === 0) return newSet ?? [...oldSets].sort((a, b) => revisionOf(b) - revisionOf(a))[0];
  return active.length === 1 ? active[0] : undefined;
}

function isSaturated(deployment: Deployment, newSet: ReplicaSet): boolean {
  const wanted = desiredReplicas(deployment);
  return (
    newSet.spec.replicas === wanted &&
    Number(newSet.metadata.annotations?.[DESIRED_REPLICAS]) === wanted &&
    availableReplicas([newSet]) === wanted
  );
}

async function scaleProportionally(rollout: Rollout): Promise<void> {
  const { deployment } = rollout;
  const wanted = desiredReplicas(deployment);
  const limit = wanted > 0 ? wanted + rollingLimits(deployment).maxSurge : 0;
  const active = rollout.sets.filter(isScaled);
  const toAdd = limit - specReplicas(active);
  const newestFirst = toAdd > 0 ? -1 : 1;
  active.sort((a, b) => (b.spec.replicas ?? 0) - (a.spec.replicas ?? 0) || newestFirst * byAge(a, b));
  let added = 0;
  const sizes = active.map(set => {
    const share = toAdd === 0 ? 0 : proportion(set, deployment, toAdd - added);
    added += share;
    return (set.spec.replicas ?? 0) + share;
  });
  for (const [index, set] of active.entries()) {
    // What rounding left over goes to the largest.
    const size = (sizes[index] ?? 0) + (index === 0 ? toAdd - added : 0);
    await resize(rollout, set, Math.max(0, size));
  }
}

function proportion(set: ReplicaSet, deployment: Deployment, left: number): number {
  const own = set.spec.replicas ?? 0;
  if (own === 0 || left === 0) return 0;
  const wanted = desiredReplicas(deployment);
  const before = Number(set.metadata.annotations?.[MAX_REPLICAS]) || deployment.status?.replicas || wanted;
  const share = wanted === 0 ? -own : Math.round((own * (wanted + rollingLimits(deployment).maxSurge)) / before) - own;
  return left > 0 ? Math.min(share, left) : Math.max(share, left);
}
