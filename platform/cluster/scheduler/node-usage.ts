// What runs on each node, or was just sent there: requested amounts, host ports, pods.
import { isFinished, objectKey, type Pod } from '../controller-runtime/index.ts';
import { type Amounts, addTo, podRequests } from './amounts.ts';

interface Usage {
  requested: Amounts;
  pods: Map<string, Pod>;
}

const NOTHING: Usage = { requested: new Map(), pods: new Map() };

/** Pods that were bound count at once, before the watch tells of it. */
export class NodeUsage {
  readonly #nodes = new Map<string, Usage>();
  readonly #placed = new Map<string, { node: string; uid: string; requests: Amounts }>();

  /** Counts the pod on a node; a pod that is finished or has no node counts nowhere. */
  put(pod: Pod, node = pod.spec.nodeName): void {
    const key = objectKey(pod);
    const { uid = '' } = pod.metadata;
    // A bound pod stays where it was sent until the cache says so too.
    const placed = this.#placed.get(key);
    if (!node && placed?.uid === uid && !isFinished(pod)) return;
    this.remove(key);
    if (!node || isFinished(pod)) return;
    const requests = podRequests(pod);
    let usage = this.#nodes.get(node);
    if (!usage) this.#nodes.set(node, (usage = { requested: new Map(), pods: new Map() }));
    usage.pods.set(key, pod);
    addTo(usage.requested, requests);
    this.#placed.set(key, { node, uid, requests });
  }

  remove(key: string): void {
    const placed = this.#placed.get(key);
    const usage = placed && this.#nodes.get(placed.node);
    if (!usage) return;
    this.#placed.delete(key);
    usage.pods.delete(key);
    addTo(usage.requested, placed.requests, -1);
    if (usage.pods.size === 0) this.#nodes.delete(placed.node);
  }

  of(node: string): Usage {
    return this.#nodes.get(node) ?? NOTHING;
  }

  isPlaced(pod: Pod): boolean {
    return this.#placed.get(objectKey(pod))?.uid === pod.metadata.uid;
  }
}

/** The host ports that a pod takes, as `protocol/port`. */
export function hostPorts(pod: Pod): string[] {
  return pod.spec.containers.flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort, protocol = 'TCP' }) => (hostPort ? [`${protocol}/${hostPort}`] : [])),
  );
}
