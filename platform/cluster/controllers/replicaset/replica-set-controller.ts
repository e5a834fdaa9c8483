// Keeps as many pods alive as a ReplicaSet (or ReplicationController) asks for.
import { messageOf } from '../../../core/index.ts';
import {
  type ControllerHost,
  canonical,
  claim,
  controllerOf,
  inDeletionOrder,
  isActive,
  objectKey,
  type Pod,
  podFrom,
} from '../../controller-runtime/index.ts';
import { createPods, deletePods } from './pod-batches.ts';
import type { ReplicaKind, ReplicaSet } from './replica-set.ts';
import { nextAvailability, replicaStatus } from './replica-status.ts';

const BURST = 500;

export function runReplicaController(host: ControllerHost, kind: ReplicaKind): void {
  const sets = host.caches.of<ReplicaSet>(kind);
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const queue = host.queue({ name: kind.component, sync });

  sets.onChange((next, previous) => queue.add(objectKey((next ?? previous) as ReplicaSet)));
  pods.onChange((next, previous) => {
    for (const pod of [next, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === kind.kind) queue.add(`${pod.metadata.namespace}/${owner.name}`);
    }
    if (next && !controllerOf(next) && changedMatch(next, previous)) {
      for (const set of sets.list(next.metadata.namespace))
        if (kind.matches(set, next.metadata.labels)) queue.add(objectKey(set));
    }
  });

  async function sync(key: string): Promise<number | undefined> {
    const set = sets.getByKey(key);
    if (!set) return;
    const claimed = await claim(set, pods, { matches: pod => kind.matches(set, pod.metadata.labels), adopts: isActive });
    const active = claimed.filter(isActive);
    const failure = set.metadata.deletionTimestamp ? undefined : await manage(set, active);
    // Read again: what was just created and deleted is in the cache already.
    const latest = sets.getByKey(key);
    if (!latest || latest.metadata.uid !== set.metadata.uid) return;
    const owned = pods
      .ownedBy(set.metadata.uid ?? '')
      .filter(pod => controllerOf(pod)?.uid === set.metadata.uid && isActive(pod));
    const status = replicaStatus(latest, owned, { host, ...(failure ? { failure } : {}) });
    if (canonical(status) !== canonical(latest.status)) await sets.update({ ...latest, status }, { subresource: 'status' });
    if (failure) throw failure.error;
    return nextAvailability(set, owned, host.clock.now());
  }

  async function manage(set: ReplicaSet, active: Pod[]) {
    const wanted = set.spec.replicas ?? 1;
    const batch = { host, pods, component: kind.component, owner: set };
    const missing = Math.min(wanted - active.length, BURST);
    try {
      if (missing > 0)
        await createPods(
          batch,
          Array.from({ length: missing }, () => podFrom(set.spec.template, set)),
        );
      else if (missing < 0) await deletePods(batch, inDeletionOrder(active).slice(0, Math.min(-missing, BURST)));
      return undefined;
    } catch (error) {
      const reason = missing > 0 ? ('FailedCreate' as const) : ('FailedDelete' as const);
      return { reason, message: messageOf(error), error };
    }
  }
}

function changedMatch(next: Pod, previous: Pod | undefined): boolean {
  return (
    !previous || controllerOf(previous) !== undefined || canonical(next.metadata.labels) !== canonical(previous.metadata.labels)
  );
}
