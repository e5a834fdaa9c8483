// Removes pods whose node is gone: nothing else would ever end them.
import { type ControllerHost, isNotFound, type Node, objectKey, type Pod } from '../../controller-runtime/index.ts';

// A node may come back, or be seen late.
const QUARANTINE_MS = 40_000;

export function runPodCollector(host: ControllerHost): void {
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const nodes = host.caches.of<Node>({ apiVersion: 'v1', kind: 'Node' });
  const queue = host.queue({ name: 'pod-garbage-collector', sync });

  const isLost = ({ spec }: Pod) => spec.nodeName !== undefined && !nodes.getByKey(spec.nodeName);
  pods.onChange((next, previous) => {
    if (next && next.spec.nodeName !== previous?.spec.nodeName && isLost(next)) queue.addAfter(objectKey(next), QUARANTINE_MS);
  });
  nodes.onChange((next, previous) => {
    if (next || !previous) return;
    for (const pod of pods.list())
      if (pod.spec.nodeName === previous.metadata.name) queue.addAfter(objectKey(pod), QUARANTINE_MS);
  });

  async function sync(key: string): Promise<void> {
    const pod = pods.getByKey(key);
    if (!pod || !isLost(pod)) return;
    try {
      await pods.delete(pod, { gracePeriodSeconds: 0 });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
