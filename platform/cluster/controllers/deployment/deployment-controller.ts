// Rolls Deployments out, as kube-controller-manager does (pkg/controller/deployment): revisions, strategies, progress, history.
import {
  type ControllerHost,
  claim,
  conditionOf,
  controllerOf,
  isEmptySelector,
  isFinished,
  objectKey,
  type Pod,
  selectorMatches,
} from '../../controller-runtime/index.ts';
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import { COMPONENT, type Deployment, type DeploymentStatus, isScaled, progressDeadlineMs, revisionOf } from './deployment.ts';
import { countStatus, isComplete, newCondition, rolloutStatus, sameStatus, setCondition } from './deployment-status.ts';
import { syncNewSet } from './new-replica-set.ts';
import { rollForward } from './rolling-update.ts';
import type { Rollout } from './rollout.ts';
import { isScalingEvent, resize, scale } from './scaling.ts';

export function runDeploymentController(host: ControllerHost): void {
  const deployments = host.caches.of<Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment' });
  const replicaSets = host.caches.of<ReplicaSet>({ apiVersion: 'apps/v1', kind: 'ReplicaSet' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const queue = host.queue({ name: COMPONENT, sync });

  deployments.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Deployment)));
  replicaSets.onChange((next, previous) => {
    for (const set of [next, previous]) {
      const owner = set && controllerOf(set);
      if (set && owner?.kind === 'Deployment') queue.add(`${set.metadata.namespace}/${owner.name}`);
    }
    if (!next || controllerOf(next)) return;
    for (const deployment of deployments.list(next.metadata.namespace))
      if (selectorMatches(deployment.spec.selector, next.metadata.labels)) queue.add(objectKey(deployment));
  });
  // Recreate waits until the last old pod is gone.
  pods.onChange((next, previous) => {
    const owner = !next || isFinished(next) ? controllerOf((next ?? previous) as Pod) : undefined;
    if (owner?.kind !== 'ReplicaSet') return;
    const set = replicaSets.get((next ?? previous)?.metadata.namespace, owner.name);
    const above = set && controllerOf(set);
    if (above?.kind === 'Deployment') queue.add(`${set?.metadata.namespace}/${above.name}`);
  });

  async function sync(key: string): Promise<number | undefined> {
    const deployment = deployments.getByKey(key);
    if (!deployment) return;
    if (isEmptySelector(deployment.spec.selector)) return warnOfEmptySelector(deployment);
    const sets = await claim(deployment, replicaSets, {
      matches: set => selectorMatches(deployment.spec.selector, set.metadata.labels),
    });
    const rollout: Rollout = { host, deployments, replicaSets, deployment, sets, oldSets: [] };
    if (deployment.metadata.deletionTimestamp) {
      await syncNewSet(rollout, { create: false });
      return report(rollout, countStatus);
    }
    await tellPauses(rollout);
    if (deployment.spec.paused || isScalingEvent(deployment, sets)) {
      await syncNewSet(rollout, { create: false });
      await scale(rollout);
      if (deployment.spec.paused) await prune(rollout);
      return report(rollout, countStatus);
    }
    if (deployment.spec.strategy?.type === 'Recreate') await recreate(rollout);
    else {
      await syncNewSet(rollout, { create: true });
      if (!(await rollForward(rollout)) && isComplete(rollout.deployment, rollout.deployment.status ?? {})) await prune(rollout);
    }
    return report(rollout, rolloutStatus);
  }

  async function recreate(rollout: Rollout): Promise<void> {
    await syncNewSet(rollout, { create: false });
    const active = rollout.oldSets.filter(isScaled);
    for (const set of active) await resize(rollout, set, 0);
    if (active.length > 0 || rollout.oldSets.some(hasRunningPods)) return;
    if (!rollout.newSet) await syncNewSet(rollout, { create: true });
    if (rollout.newSet && !(await rollForward(rollout)) && isComplete(rollout.deployment, rollout.deployment.status ?? {}))
      await prune(rollout);
  }

  function hasRunningPods(set: ReplicaSet): boolean {
    return pods.ownedBy(set.metadata.uid ?? '').some(pod => !isFinished(pod));
  }

  // A pause stops the clock of the progress deadline, and its end starts it anew.
  async function tellPauses(rollout: Rollout): Promise<void> {
    const { deployment } = rollout;
    if (progressDeadlineMs(deployment) === undefined) return;
    const { paused = false } = deployment.spec;
    const current = conditionOf(deployment.status?.conditions, 'Progressing');
    const told = current?.reason === 'DeploymentPaused';
    if (current?.reason === 'ProgressDeadlineExceeded' || paused === told) return;
    const condition = paused
      ? { reason: 'DeploymentPaused', message: 'Deployment is paused' }
      : { reason: 'DeploymentResumed', message: 'Deployment is resumed' };
    const conditions = setCondition(
      deployment.status?.conditions ?? [],
      newCondition(host, { type: 'Progressing', status: 'Unknown', ...condition }),
    );
    rollout.deployment = await deployments.update(
      { ...deployment, status: { ...deployment.status, conditions } },
      { subresource: 'status' },
    );
  }

  /** Deletes the oldest revisions that nothing runs of, beyond the history limit. */
  async function prune({ deployment, oldSets }: Rollout): Promise<void> {
    const limit = deployment.spec.revisionHistoryLimit;
    if (limit === undefined) return;
    const alive = oldSets.filter(set => !set.metadata.deletionTimestamp).sort((a, b) => revisionOf(a) - revisionOf(b));
    for (const set of alive.slice(0, Math.max(0, alive.length - limit))) {
      const { generation = 0 } = set.metadata;
      if (isScaled(set) || (set.status?.replicas ?? 0) > 0 || generation > (set.status?.observedGeneration ?? 0)) continue;
      await replicaSets.delete(set, { propagationPolicy: 'Background' });
    }
  }

  async function report(rollout: Rollout, count: typeof countStatus): Promise<number | undefined> {
    const { deployment, sets, newSet } = rollout;
    const status: DeploymentStatus = count(host, deployment, sets, newSet);
    if (!sameStatus(deployment.status, status)) await deployments.update({ ...deployment, status }, { subresource: 'status' });
    return untilDeadline(deployment, status);
  }

  function untilDeadline(deployment: Deployment, status: DeploymentStatus): number | undefined {
    const deadline = progressDeadlineMs(deployment);
    const progress = conditionOf(status.conditions, 'Progressing');
    if (deadline === undefined || !progress || deployment.spec.paused || isComplete(deployment, status)) return undefined;
    if (progress.reason === 'ProgressDeadlineExceeded' || progress.reason === 'NewReplicaSetAvailable') return undefined;
    // Times in a status are whole seconds.
    return Math.max(0, Date.parse(progress.lastUpdateTime ?? '') + deadline - host.clock.now().getTime()) + 1_000;
  }

  async function warnOfEmptySelector(deployment: Deployment): Promise<undefined> {
    host.events.record(COMPONENT, deployment, {
      type: 'Warning',
      reason: 'SelectingAll',
      message: 'This deployment is selecting all pods. A non-empty selector is required.',
    });
    const observedGeneration = deployment.metadata.generation ?? 0;
    if ((deployment.status?.observedGeneration ?? 0) < observedGeneration)
      await deployments.update(
        { ...deployment, status: { ...deployment.status, observedGeneration } },
        { subresource: 'status' },
      );
    return undefined;
  }
}
