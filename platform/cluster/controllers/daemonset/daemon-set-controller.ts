// Keeps one pod of each DaemonSet on every node that fits.
import {
  availableIn,
  type ControllerHost,
  canonical,
  claim,
  controllerOf,
  isReady,
  type Node,
  objectKey,
  type Pod,
  selectorMatches,
} from '../../controller-runtime/index.ts';
import { createPods, deletePods } from '../replicaset/pod-batches.ts';
import {
  currentRevision,
  dropRevisions,
  ownedRevisions,
  REVISION_HASH,
  revisionCache,
} from '../revisions/controller-revision.ts';
import { COMPONENT, type DaemonSet, type DaemonSetStatus, fits, isUpdated, newPod, nodeOf } from './daemon-set.ts';
import { planDaemonSet } from './daemon-set-plan.ts';

export function runDaemonSetController(host: ControllerHost): void {
  const sets = host.caches.of<DaemonSet>({ apiVersion: 'apps/v1', kind: 'DaemonSet' });
  const nodes = host.caches.of<Node>({ apiVersion: 'v1', kind: 'Node' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const revisions = revisionCache(host);
  const queue = host.queue({ name: COMPONENT, sync });

  sets.onChange((next, previous) => queue.add(objectKey((next ?? previous) as DaemonSet)));
  nodes.onChange((next, previous) => {
    if (next && previous && canonical([next.metadata.labels, next.spec]) === canonical([previous.metadata.labels, previous.spec]))
      return;
    for (const set of sets.list()) queue.add(objectKey(set));
  });
  pods.onChange((next, previous) => {
    for (const pod of [next, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === 'DaemonSet') queue.add(`${pod.metadata.namespace}/${owner.name}`);
    }
  });

  async function sync(key: string): Promise<number | undefined> {
    const set = sets.getByKey(key);
    if (!set) return;
    const owned = await claim(set, pods, {
      matches: pod => selectorMatches(set.spec.selector, pod.metadata.labels),
      adopts: pod => nodeOf(pod) !== undefined,
    });
    const history = await ownedRevisions(set, revisions);
    const revision = await currentRevision(set, revisions, history);
    const hash = revision.metadata.labels?.[REVISION_HASH] ?? '';
    if (!set.metadata.deletionTimestamp) await manage(set, owned, hash);
    const live = pods.ownedBy(set.metadata.uid ?? '').filter(pod => controllerOf(pod)?.uid === set.metadata.uid);
    const status = statusOf(set, live, hash);
    if (canonical(status) !== canonical(set.status ?? {})) await sets.update({ ...set, status }, { subresource: 'status' });
    const used = new Set([hash, ...live.map(pod => pod.metadata.labels?.[REVISION_HASH])]);
    await dropRevisions(set, revisions, {
      revisions: history,
      isLive: ({ metadata }) => used.has(metadata.labels?.[REVISION_HASH]),
    });
    return nextAvailability(set, live);
  }

  async function manage(set: DaemonSet, owned: Pod[], hash: string): Promise<void> {
    const plan = planDaemonSet({ set, nodes: nodes.list(), pods: owned, hash, now: host.clock.now() });
    for (const pod of plan.failed)
      host.events.record(COMPONENT, set, {
        type: 'Warning',
        reason: 'FailedDaemonPod',
        message: `Found failed daemon pod ${objectKey(pod)} on node ${pod.spec.nodeName}, will try to kill it`,
      });
    const batch = { host, pods, component: COMPONENT, owner: set };
    await createPods(
      batch,
      plan.create.map(node => newPod(set, node, hash)),
    );
    await deletePods(batch, [...plan.failed, ...plan.remove]);
  }

  function statusOf(set: DaemonSet, live: Pod[], hash: string): DaemonSetStatus {
    const now = host.clock.now();
    const status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    let updated = 0;
    let available = 0;
    for (const node of nodes.list()) {
      const here = live.filter(pod => nodeOf(pod) === node.metadata.name && !pod.metadata.deletionTimestamp);
      if (!fits(set, node).shouldRun) {
        if (here.length > 0) status.numberMisscheduled += 1;
        continue;
      }
      status.desiredNumberScheduled += 1;
      if (here.length === 0) continue;
      status.currentNumberScheduled += 1;
      if (here.some(isReady)) status.numberReady += 1;
      if (here.some(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now) === 0)) available += 1;
      if (here.some(pod => isUpdated(pod, hash))) updated += 1;
    }
    const unavailable = status.desiredNumberScheduled - available;
    const { collisionCount } = set.status ?? {};
    return {
      ...status,
      observedGeneration: set.metadata.generation ?? 0,
      ...(updated > 0 ? { updatedNumberScheduled: updated } : {}),
      ...(available > 0 ? { numberAvailable: available } : {}),
      ...(unavailable > 0 ? { numberUnavailable: unavailable } : {}),
      ...(collisionCount === undefined ? {} : { collisionCount }),
    };
  }

  function nextAvailability(set: DaemonSet, live: Pod[]): number | undefined {
    const now = host.clock.now();
    const waits = live.map(pod => availableIn(pod, set.spec.minReadySeconds ?? 0, now)).filter(ms => ms !== undefined && ms > 0);
    return waits.length > 0 ? Math.min(...(waits as number[])) : undefined;
  }
}
