// Finds or creates the ReplicaSet of a Deployment's present template, and carries the revision to both.
import { messageOf } from '../../../core/index.ts';
import {
  canonical,
  conditionOf,
  controllerReference,
  isAlreadyExists,
  isNamespaceTerminating,
  templateHash,
} from '../../controller-runtime/index.ts';
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import { COMPONENT, findNewSet, progressDeadlineMs, REVISION, revisionOf, TEMPLATE_HASH } from './deployment.ts';
import { newCondition, setCondition } from './deployment-status.ts';
import type { Rollout } from './rollout.ts';
import { newSetSize } from './scaling.ts';
import { annotationsAtRevision } from './set-annotations.ts';

/** Brings `rollout.newSet` up to date, creating it when `create` says so. Changes `rollout` to what is true then. */
export async function syncNewSet(rollout: Rollout, { create }: { create: boolean }): Promise<void> {
  const { deployment } = rollout;
  const newSet = findNewSet(deployment, rollout.sets);
  const oldSets = rollout.sets.filter(set => set !== newSet);
  const revision = Math.max(0, ...oldSets.map(revisionOf)) + 1;
  rollout.oldSets = oldSets;
  if (newSet) {
    rollout.newSet = await refresh(rollout, newSet, revision);
    rollout.sets = [...oldSets, rollout.newSet];
    await announce(rollout, `Found new replica set "${newSet.metadata.name}"`, 'FoundNewReplicaSet', { onlyFirst: true });
  } else if (create) {
    rollout.newSet = await createSet(rollout, revision);
    rollout.sets = [...oldSets, rollout.newSet];
    await announce(rollout, `Created new replica set "${rollout.newSet.metadata.name}"`, 'NewReplicaSetCreated');
  }
}

async function refresh({ deployment, replicaSets }: Rollout, set: ReplicaSet, revision: number): Promise<ReplicaSet> {
  const annotations = annotationsAtRevision(deployment, set, revision);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  if (canonical(annotations) === canonical(set.metadata.annotations) && minReadySeconds === (set.spec.minReadySeconds ?? 0))
    return set;
  return replicaSets.update({
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...set.spec, ...(minReadySeconds || set.spec.minReadySeconds ? { minReadySeconds } : {}) },
  });
}

// The revision and the progress go by the status, which does not count as a new generation of the Deployment.
async function announce(rollout: Rollout, message: string, reason: string, { onlyFirst = false } = {}): Promise<void> {
  const { deployment, deployments, host, newSet } = rollout;
  const revision = newSet?.metadata.annotations?.[REVISION];
  const conditions = deployment.status?.conditions ?? [];
  const tells =
    progressDeadlineMs(deployment) !== undefined && !(onlyFirst && conditionOf(conditions, 'Progressing') !== undefined);
  if (!tells && (revision === undefined || deployment.metadata.annotations?.[REVISION] === revision)) return;
  rollout.deployment = await deployments.update(
    {
      ...deployment,
      metadata: {
        ...deployment.metadata,
        annotations: { ...deployment.metadata.annotations, ...(revision === undefined ? {} : { [REVISION]: revision }) },
      },
      status: {
        ...deployment.status,
        conditions: tells
          ? setCondition(conditions, newCondition(host, { type: 'Progressing', status: 'True', reason, message }))
          : conditions,
      },
    },
    { subresource: 'status' },
  );
}

async function createSet(rollout: Rollout, revision: number): Promise<ReplicaSet> {
  const { deployment, host, replicaSets } = rollout;
  const set = newReplicaSet(rollout, revision);
  try {
    const created = await replicaSets.create(set);
    const replicas = created.spec.replicas ?? 0;
    if (replicas > 0)
      host.events.record(COMPONENT, deployment, {
        reason: 'ScalingReplicaSet',
        message: `Scaled up replica set ${created.metadata.name} from 0 to ${replicas}`,
      });
    return created;
  } catch (error) {
    if (isAlreadyExists(error)) return resolveCollision(rollout, set);
    if (!isNamespaceTerminating(error)) await reportFailure(rollout, set, error);
    throw error;
  }
}

function newReplicaSet({ deployment, sets }: Rollout, revision: number): ReplicaSet {
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status?.collisionCount);
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash };
  const set: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: annotationsAtRevision(deployment, undefined, revision),
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: 0,
      ...(minReadySeconds ? { minReadySeconds } : {}),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  set.spec.replicas = newSetSize(deployment, [...sets, set], set);
  return set;
}

// Either another run of ours made it, or the hash met a stranger: then the next one is salted with a count.
async function resolveCollision({ deployment, deployments, host }: Rollout, set: ReplicaSet): Promise<ReplicaSet> {
  const live = await host.client.get<ReplicaSet>({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    namespace: set.metadata.namespace ?? '',
    name: set.metadata.name ?? '',
  });
  const ours = live?.metadata.ownerReferences?.some(({ controller, uid }) => controller && uid === deployment.metadata.uid);
  if (live && ours && findNewSet(deployment, [live])) return live;
  if (live)
    await deployments.update(
      { ...deployment, status: { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 } },
      { subresource: 'status' },
    );
  throw new Error(`replica set ${set.metadata.name} exists and belongs to something else`);
}

async function reportFailure({ deployment, deployments, host }: Rollout, set: ReplicaSet, error: unknown): Promise<void> {
  const message = `Failed to create new replica set "${set.metadata.name}": ${messageOf(error)}`;
  host.events.record(COMPONENT, deployment, { type: 'Warning', reason: 'ReplicaSetCreateError', message });
  if (progressDeadlineMs(deployment) === undefined) return;
  const conditions = setCondition(
    deployment.status?.conditions ?? [],
    newCondition(host, { type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError', message }),
  );
  if (conditions === deployment.status?.conditions) return;
  await deployments.update({ ...deployment, status: { ...deployment.status, conditions } }, { subresource: 'status' });
}
