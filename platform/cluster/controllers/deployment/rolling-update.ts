// One step of a rolling update: grow the new set as far as the surge allows, else shrink the old ones as far as availability allows.
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import { availableReplicas, byAge, desiredReplicas, isScaled, rollingLimits, specReplicas } from './deployment.ts';
import type { Rollout } from './rollout.ts';
import { newSetSize, resize } from './scaling.ts';

/** True when a size changed: the next step waits for its effects. */
export async function rollForward(rollout: Rollout): Promise<boolean> {
  return (await growNewSet(rollout)) || (await shrinkOldSets(rollout));
}

async function growNewSet(rollout: Rollout): Promise<boolean> {
  const { deployment, newSet } = rollout;
  if (!newSet) return false;
  const own = newSet.spec.replicas ?? 0;
  const wanted = desiredReplicas(deployment);
  if (own === wanted) return false;
  const size = own > wanted ? wanted : newSetSize(deployment, rollout.sets, newSet);
  return size !== own && (await resize(rollout, newSet, size));
}

async function shrinkOldSets(rollout: Rollout): Promise<boolean> {
  const { deployment, newSet } = rollout;
  if (specReplicas(rollout.oldSets) === 0) return false;
  const leastAvailable = desiredReplicas(deployment) - rollingLimits(deployment).maxUnavailable;
  const newUnavailable = (newSet?.spec.replicas ?? 0) - (newSet ? availableReplicas([newSet]) : 0);
  const limit = specReplicas(rollout.sets) - leastAvailable - newUnavailable;
  if (limit <= 0) return false;
  const unhealthy = await shrink(rollout, limit, set => (set.spec.replicas ?? 0) - availableReplicas([set]));
  const spare = availableReplicas(rollout.sets) - leastAvailable;
  const healthy = spare > 0 ? await shrink(rollout, Math.min(spare, limit), set => set.spec.replicas ?? 0) : 0;
  return unhealthy + healthy > 0;
}

/** Takes replicas from the oldest sets first, at most `limit` in all and `takes` from each. */
async function shrink(rollout: Rollout, limit: number, takes: (set: ReplicaSet) => number): Promise<number> {
  let taken = 0;
  for (const set of rollout.oldSets.filter(isScaled).sort(byAge)) {
    const count = Math.min(limit - taken, takes(set));
    if (count <= 0) continue;
    await resize(rollout, set, (set.spec.replicas ?? 0) - count);
    taken += count;
  }
  return taken;
}
