// Binds waiting pods to nodes. What cannot be placed waits for a change of nodes or pods, never for the clock.
import {
  type ControllerHost,
  conditionOf,
  isActive,
  isNotFound,
  type Namespace,
  type Node,
  objectKey,
  type Pod,
  timestamp,
  withCondition,
} from '../controller-runtime/index.ts';
import { chooseNode, unschedulableMessage } from './choose-node.ts';
import { NodeUsage } from './node-usage.ts';
import type { Topology } from './pod-affinity.ts';

const SCHEDULER = 'default-scheduler';

export function runScheduler(host: ControllerHost): void {
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const nodes = host.caches.of<Node>({ apiVersion: 'v1', kind: 'Node' });
  const namespaces = host.caches.of<Namespace>({ apiVersion: 'v1', kind: 'Namespace' });
  const claims = host.caches.of({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const usage = new NodeUsage();
  const unplaced = new Set<string>();
  const queue = host.queue({ name: SCHEDULER, sync, concurrency: 16 });

  pods.onChange((next, previous) => {
    const key = objectKey((next ?? previous) as Pod);
    const wasCounted = previous?.spec.nodeName !== undefined;
    if (next) usage.put(next);
    else usage.remove(key);
    if (next && waits(next)) {
      if (!previous || !sameDemand(next, previous)) queue.add(key);
    } else {
      unplaced.delete(key);
      // Room was made, or affinity may hold now.
      if (!wasCounted || !next || !isActive(next)) retryUnplaced();
    }
  });
  nodes.onChange((next, previous) => {
    if (!previous || !next || nodeFootprint(next) !== nodeFootprint(previous)) retryUnplaced();
  });
  claims.onChange(() => retryUnplaced());

  function retryUnplaced(): void {
    for (const key of unplaced) queue.add(key);
    unplaced.clear();
  }

  function waits(pod: Pod): boolean {
    const { nodeName, schedulerName = SCHEDULER, schedulingGates } = pod.spec;
    return !nodeName && schedulerName === SCHEDULER && !schedulingGates?.length && isActive(pod);
  }

  async function sync(key: string): Promise<void> {
    const pod = pods.getByKey(key);
    if (!pod || !waits(pod) || usage.isPlaced(pod)) return;
    const missing = missingClaim(pod);
    const topology: Topology = {
      nodes: nodes.list(),
      usage,
      namespaceLabels: name => namespaces.getByKey(name)?.metadata.labels,
    };
    const choice = missing ? { refusals: [], helpless: [] } : chooseNode(pod, topology);
    if ('node' in choice) return bind(pod, choice.node);
    const total = topology.nodes.length;
    const message = missing
      ? // The real scheduler's preemption has nothing but this to say here.
        `0/${total} nodes are available: ${missing}. not found`
      : unschedulableMessage(total, choice.refusals, choice.helpless);
    unplaced.add(key);
    await tellUnschedulable(pod, message);
  }

  function missingClaim(pod: Pod): string | undefined {
    for (const { persistentVolumeClaim } of pod.spec.volumes ?? []) {
      if (!persistentVolumeClaim) continue;
      const { claimName } = persistentVolumeClaim;
      const claim = claims.get(pod.metadata.namespace, claimName);
      if (!claim) return `persistentvolumeclaim "${claimName}" not found`;
      if (claim.metadata.deletionTimestamp) return `persistentvolumeclaim "${claimName}" is being deleted`;
      if ((claim['status'] as { phase?: string } | undefined)?.phase !== 'Bound')
        return 'pod has unbound immediate PersistentVolumeClaims';
    }
    return undefined;
  }

  async function bind(pod: Pod, node: string): Promise<void> {
    const { name = '', namespace = '', uid = '' } = pod.metadata;
    usage.put(pod, node);
    try {
      await host.client.raw('POST', `/api/v1/namespaces/${namespace}/pods/${name}/binding`, {
        body: {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name, namespace, uid },
          target: { apiVersion: 'v1', kind: 'Node', name: node },
        },
      });
    } catch (error) {
      usage.remove(objectKey(pod));
      const live = pods.getByKey(objectKey(pod));
      if (live) usage.put(live);
      if (isNotFound(error)) return;
      throw error;
    }
    host.events.recordAction(SCHEDULER, pod, {
      type: 'Normal',
      reason: 'Scheduled',
      action: 'Binding',
      message: `Successfully assigned ${namespace}/${name} to ${node}`,
    });
  }

  async function tellUnschedulable(pod: Pod, message: string): Promise<void> {
    const current = conditionOf(pod.status?.conditions, 'PodScheduled');
    if (current?.status === 'False' && current.message === message) return;
    host.events.recordAction(SCHEDULER, pod, { type: 'Warning', reason: 'FailedScheduling', action: 'Scheduling', message });
    const conditions = withCondition(pod.status?.conditions, {
      type: 'PodScheduled',
      status: 'False',
      lastProbeTime: null,
      lastTransitionTime: timestamp(host.clock),
      reason: 'Unschedulable',
      message,
      observedGeneration: pod.metadata.generation ?? 1,
    });
    const { uid, resourceVersion } = pod.metadata;
    try {
      await pods.patch(pod, { metadata: { uid, resourceVersion }, status: { conditions } }, { subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** What of a pod its place depends on, other than its status. */
function sameDemand(a: Pod, b: Pod): boolean {
  return (
    a.metadata.uid === b.metadata.uid &&
    a.metadata.generation === b.metadata.generation &&
    JSON.stringify(a.metadata.labels) === JSON.stringify(b.metadata.labels)
  );
}

function nodeFootprint({ metadata, spec, status }: Node): string {
  return JSON.stringify([metadata.labels, spec?.unschedulable, spec?.taints, status?.allocatable]);
}
