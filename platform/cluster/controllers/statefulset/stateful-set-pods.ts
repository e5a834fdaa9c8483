// One step for the pods of a StatefulSet: create in order, delete from the end, replace what has an old revision.
import {
  availableIn,
  type ControllerHost,
  isAlreadyExists,
  isFinished,
  isReady,
  type ObjectCache,
  type Pod,
  type PodTemplate,
} from '../../controller-runtime/index.ts';
import { scaledValue } from '../deployment/deployment.ts';
import { type ControllerRevision, templateOf } from '../revisions/controller-revision.ts';
import {
  COMPONENT,
  claimName,
  firstOrdinal,
  newPod,
  ordinalOf,
  type PersistentVolumeClaim,
  revisionNameOf,
  type StatefulSet,
} from './stateful-set.ts';

export interface StatefulSetStep {
  host: ControllerHost;
  pods: ObjectCache<Pod>;
  claims: ObjectCache<PersistentVolumeClaim>;
  set: StatefulSet;
  owned: Pod[];
  /** What ran before the update, and what is rolled out. */
  current: ControllerRevision;
  update: ControllerRevision;
}

/** Does what may be done now; what must be waited for comes by the watch. */
export async function stepPods(step: StatefulSetStep): Promise<void> {
  const { set, owned } = step;
  const start = firstOrdinal(set);
  const end = start + (set.spec.replicas ?? 1);
  const byOrdinal = new Map(owned.map(pod => [ordinalOf(set, pod), pod]));
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  for (let ordinal = start; ordinal < end; ordinal++) {
    const settled = await settle(step, ordinal, byOrdinal.get(ordinal));
    if (ordered && !settled) return;
  }
  const condemned = [...byOrdinal].filter(([ordinal = -1]) => ordinal < start || ordinal >= end);
  condemned.sort(([a = 0], [b = 0]) => b - a);
  for (const [ordinal = 0, pod] of condemned) {
    if (!pod.metadata.deletionTimestamp) await condemn(step, ordinal, pod);
    if (ordered) return;
  }
  if (set.spec.updateStrategy?.type !== 'OnDelete') await rollUpdate(step, byOrdinal);
}

/** True when the pod of this ordinal is there, and available. */
async function settle(step: StatefulSetStep, ordinal: number, pod: Pod | undefined): Promise<boolean> {
  const { set, host } = step;
  if (!pod) {
    await create(step, ordinal);
    return false;
  }
  if (pod.metadata.deletionTimestamp) return false;
  if (isFinished(pod)) {
    await remove(step, pod);
    return false;
  }
  return availableIn(pod, set.spec.minReadySeconds ?? 0, host.clock.now()) === 0;
}

function templateFor({ set, current, update }: StatefulSetStep, ordinal: number): { template: PodTemplate; revision: string } {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const partition = rollingUpdate?.partition ?? 0;
  const before = partition > 0 ? partition : (set.status?.currentReplicas ?? 0);
  const old = type !== 'OnDelete' && ordinal < firstOrdinal(set) + before;
  const revision = old ? current : update;
  return { template: templateOf(revision), revision: revision.metadata.name ?? '' };
}

async function create(step: StatefulSetStep, ordinal: number): Promise<void> {
  const { set, host, pods } = step;
  const pod = newPod(set, ordinal, templateFor(step, ordinal));
  await createClaims(step, ordinal, pod);
  await pods.create(pod);
  const { name } = pod.metadata;
  host.events.record(COMPONENT, set, {
    reason: 'SuccessfulCreate',
    message: `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
  });
}

async function createClaims({ set, host, claims }: StatefulSetStep, ordinal: number, pod: Pod): Promise<void> {
  for (const template of set.spec.volumeClaimTemplates ?? []) {
    const name = claimName(template, set, ordinal);
    const { namespace = '' } = set.metadata;
    if (claims.get(namespace, name)) continue;
    const { apiVersion, kind, metadata } = set;
    const owner = { apiVersion, kind, name: metadata.name ?? '', uid: metadata.uid ?? '' };
    const goesWithSet = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
    try {
      await claims.create({
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: {
          name,
          namespace,
          labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
          ...(template.metadata.annotations ? { annotations: template.metadata.annotations } : {}),
          ...(goesWithSet ? { ownerReferences: [owner] } : {}),
        },
        spec: template.spec,
      });
    } catch (error) {
      if (isAlreadyExists(error)) continue;
      throw error;
    }
    host.events.record(COMPONENT, set, {
      reason: 'SuccessfulCreate',
      message: `create Claim ${name} Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} success`,
    });
  }
}

async function remove({ set, host, pods }: StatefulSetStep, pod: Pod): Promise<void> {
  await pods.delete(pod);
  host.events.record(COMPONENT, set, {
    reason: 'SuccessfulDelete',
    message: `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`,
  });
}

// Its claims go with the pod when the set says so: the garbage collector sees to that.
async function condemn(step: StatefulSetStep, ordinal: number, pod: Pod): Promise<void> {
  const { set, claims } = step;
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete') {
    for (const template of set.spec.volumeClaimTemplates ?? []) {
      const claim = claims.get(set.metadata.namespace, claimName(template, set, ordinal));
      const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' };
      if (claim && !claim.metadata.ownerReferences?.some(({ uid }) => uid === owner.uid))
        await claims.patch(claim, { metadata: { ownerReferences: [owner] } });
    }
  }
  await remove(step, pod);
}

async function rollUpdate(step: StatefulSetStep, byOrdinal: Map<number | undefined, Pod>): Promise<void> {
  const { set, update, host } = step;
  const start = firstOrdinal(set);
  const { partition = 0, maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const replicas = set.spec.replicas ?? 1;
  let budget = Math.max(1, scaledValue(maxUnavailable, replicas, Math.ceil));
  for (let ordinal = start + replicas - 1; ordinal >= start + partition && budget > 0; ordinal--) {
    const pod = byOrdinal.get(ordinal);
    if (!pod) return;
    const isOld = revisionNameOf(pod) !== update.metadata.name;
    if (isOld && !pod.metadata.deletionTimestamp) {
      await remove(step, pod);
      budget -= 1;
    } else if (
      !isReady(pod) ||
      pod.metadata.deletionTimestamp ||
      availableIn(pod, set.spec.minReadySeconds ?? 0, host.clock.now()) !== 0
    )
      budget -= 1;
  }
}
