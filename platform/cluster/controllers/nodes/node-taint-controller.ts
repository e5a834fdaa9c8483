// Keeps the taints of a node in step with its conditions, so that the scheduler leaves unready nodes alone.
import {
  type ControllerHost,
  canonical,
  conditionOf,
  isNotFound,
  type Node,
  objectKey,
  timestamp,
} from '../../controller-runtime/index.ts';

interface Taint {
  key: string;
  value?: string;
  effect: string;
  timeAdded?: string;
}

/** Condition type → its status that taints → the taint's key. */
const TAINTS: Record<string, Record<string, string>> = {
  Ready: { False: 'node.kubernetes.io/not-ready', Unknown: 'node.kubernetes.io/unreachable' },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
};
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';
const OURS = new Set([UNSCHEDULABLE, ...Object.values(TAINTS).flatMap(byStatus => Object.values(byStatus))]);

export function runNodeTaintController(host: ControllerHost): void {
  const nodes = host.caches.of<Node>({ apiVersion: 'v1', kind: 'Node' });
  const queue = host.queue({ name: 'node-lifecycle-controller', sync });
  nodes.onChange(next => next && queue.add(objectKey(next)));

  async function sync(name: string): Promise<void> {
    const node = nodes.getByKey(name);
    if (!node || !conditionOf(node.status?.conditions, 'Ready')) return;
    const present: Taint[] = node.spec?.taints ?? [];
    const wanted = wantedTaints(node);
    const isOurs = ({ key, effect }: Taint) => effect === 'NoSchedule' && OURS.has(key);
    const kept = present.filter(taint => !isOurs(taint) || wanted.has(taint.key));
    const known = new Set(kept.filter(isOurs).map(({ key }) => key));
    const added = [...wanted].filter(key => !known.has(key));
    const timeAdded = timestamp(host.clock);
    const taints = [...kept, ...added.map(key => ({ key, effect: 'NoSchedule', timeAdded }))];
    if (canonical(taints) === canonical(present)) return;
    try {
      const { resourceVersion } = node.metadata;
      await nodes.patch(node, { metadata: { resourceVersion }, spec: { taints: taints.length > 0 ? taints : null } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function wantedTaints({ spec, status }: Node): Set<string> {
  const wanted = new Set<string>(spec?.unschedulable ? [UNSCHEDULABLE] : []);
  for (const { type, status: state } of status?.conditions ?? []) {
    const key = TAINTS[type]?.[state];
    if (key) wanted.add(key);
  }
  return wanted;
}
