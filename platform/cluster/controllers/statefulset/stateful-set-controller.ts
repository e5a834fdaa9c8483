// Runs StatefulSets: pods with names and storage of their own, in order, one revision after another.
import {
  availableIn,
  type ControllerHost,
  canonical,
  claim,
  controllerOf,
  isReady,
  objectKey,
  type Pod,
  selectorMatches,
} from '../../controller-runtime/index.ts';
import {
  type ControllerRevision,
  currentRevision,
  dropRevisions,
  ownedRevisions,
  revisionCache,
} from '../revisions/controller-revision.ts';
import {
  COMPONENT,
  ordinalOf,
  type PersistentVolumeClaim,
  revisionNameOf,
  type StatefulSet,
  type StatefulSetStatus,
} from './stateful-set.ts';
import { stepPods } from './stateful-set-pods.ts';

export function runStatefulSetController(host: ControllerHost): void {
  const sets = host.caches.of<StatefulSet>({ apiVersion: 'apps/v1', kind: 'StatefulSet' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const claims = host.caches.of<PersistentVolumeClaim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const revisions = revisionCache(host);
  const queue = host.queue({ name: COMPONENT, sync });

  sets.onChange((next, previous) => queue.add(objectKey((next ?? previous) as StatefulSet)));
  pods.onChange((next, previous) => {
    for (const pod of [next, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === 'StatefulSet') queue.add(`${pod.metadata.namespace}/${owner.name}`);
    }
    if (!next || controllerOf(next)) return;
    for (const set of sets.list(next.metadata.namespace))
      if (ordinalOf(set, next) !== undefined && selectorMatches(set.spec.selector, next.metadata.labels))
        queue.add(objectKey(set));
  });

  async function sync(key: string): Promise<number | undefined> {
    const set = sets.getByKey(key);
    if (!set) return;
    const owned = await claim(set, pods, {
      matches: pod => ordinalOf(set, pod) !== undefined && selectorMatches(set.spec.selector, pod.metadata.labels),
    });
    const history = await ownedRevisions(set, revisions);
    const update = await currentRevision(set, revisions, history);
    const current = history.find(({ metadata }) => metadata.name === set.status?.currentRevision) ?? update;
    if (!set.metadata.deletionTimestamp) await stepPods({ host, pods, claims, set, owned, current, update });
    const live = pods.ownedBy(set.metadata.uid ?? '').filter(pod => controllerOf(pod)?.uid === set.metadata.uid);
    await save(set, statusOf(set, live, { current, update }));
    const used = new Set([...live.map(revisionNameOf), update.metadata.name, current.metadata.name]);
    await dropRevisions(set, revisions, { revisions: history, isLive: ({ metadata }) => used.has(metadata.name) });
    return nextAvailability(set, live);
  }

  function statusOf(
    set: StatefulSet,
    live: Pod[],
    { current, update }: { current: ControllerRevision; update: ControllerRevision },
  ): StatefulSetStatus {
    const now = host.clock.now();
    const ready = live.filter(pod => isReady(pod) && !pod.metadata.deletionTimestamp);
    const counted = (revision: ControllerRevision) =>
      live.filter(pod => !pod.metadata.deletionTimestamp && revisionNameOf(pod) === revision.metadata.name).length;
    const wanted = set.spec.replicas ?? 1;
    const updated = counted(update);
    const done =
      set.spec.updateStrategy?.type !== 'OnDelete' && updated === wanted && ready.length === wanted && live.length === wanted;
    const running = done ? updated : counted(current);
    return {
      observedGeneration: set.metadata.generation ?? 0,
      replicas: live.length,
      ...(ready.length > 0 ? { readyReplicas: ready.length } : {}),
      availableReplicas: ready.filter(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now) === 0).length,
      ...(running > 0 ? { currentReplicas: running } : {}),
      ...(updated > 0 ? { updatedReplicas: updated } : {}),
      currentRevision: (done ? update : current).metadata.name ?? '',
      updateRevision: update.metadata.name ?? '',
      collisionCount: set.status?.collisionCount ?? 0,
    };
  }

  async function save(set: StatefulSet, status: StatefulSetStatus): Promise<void> {
    if (canonical(status) !== canonical(set.status ?? {})) await sets.update({ ...set, status }, { subresource: 'status' });
  }

  function nextAvailability(set: StatefulSet, live: Pod[]): number | undefined {
    const now = host.clock.now();
    const waits = live.map(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now)).filter(ms => ms !== undefined && ms > 0);
    return waits.length > 0 ? Math.min(...(waits as number[])) : undefined;
  }
}
