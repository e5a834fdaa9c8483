// Nodes without processes: bound pods become Running and Ready, pods of a Job Succeeded, deleted pods vanish at once.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import {
  ControllerHost,
  isAlreadyExists,
  isNotFound,
  type Node,
  objectKey,
  type Pod,
  timestamp,
} from '../controller-runtime/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import { simulatedConnector } from './simulated-connector.ts';
import { nodeStatus, runningStatus, succeededStatus } from './simulated-status.ts';

export interface SimulatedNodesOptions {
  client: KubeClient;
  /** One Node object each: 32 cpu, 256Gi, no taint. */
  names: string[];
  clock: Clock;
  logger: Logger;
}

export interface SimulatedNodes extends AsyncDisposable {
  /** Answers logs, exec and port-forward of simulated pods with fixed texts. */
  connector: PodConnector;
}

/** Resolves when the nodes exist and are Ready. Disposing stops the simulation and leaves the objects. */
export async function startSimulatedNodes({ client, names, clock, logger }: SimulatedNodesOptions): Promise<SimulatedNodes> {
  const host = new ControllerHost({ client: client.as('kubelet'), clock, logger: logger.child('simulated-nodes') });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const queue = host.queue({ name: 'simulated-nodes', sync, concurrency: 16 });
  const ours = new Set(names);
  const addresses = podAddresses();

  pods.onChange(next => {
    if (next?.spec.nodeName && ours.has(next.spec.nodeName)) queue.add(objectKey(next));
  });

  async function sync(key: string): Promise<void> {
    const pod = pods.getByKey(key);
    if (!pod?.spec.nodeName || !ours.has(pod.spec.nodeName)) return;
    try {
      if (pod.metadata.deletionTimestamp) return await vanish(pod);
      const phase = pod.status?.phase ?? 'Pending';
      if (phase !== 'Pending') return;
      const isJob = pod.metadata.ownerReferences?.some(({ kind, controller }) => kind === 'Job' && controller);
      const now = timestamp(clock);
      const status = isJob ? succeededStatus(pod, now) : runningStatus(pod, now, addresses.next());
      await pods.update({ ...pod, status }, { subresource: 'status' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async function vanish(pod: Pod): Promise<void> {
    if (pod.metadata.deletionGracePeriodSeconds !== 0 || !pod.metadata.finalizers?.length)
      await pods.delete(pod, { gracePeriodSeconds: 0 });
  }

  for (const name of names) await register(client, name, timestamp(clock));
  await host.start();
  return { connector: simulatedConnector(), [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() };
}

async function register(client: KubeClient, name: string, now: string): Promise<void> {
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
      },
    },
    spec: {},
  };
  try {
    await client.create(node);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
  await client.patch(
    { apiVersion: 'v1', kind: 'Node', name },
    { status: nodeStatus(now) },
    { type: 'merge', subresource: 'status' },
  );
}

/** 10.244.0.2 and on; the network is large enough to start again. */
function podAddresses(): { next(): string } {
  let last = 1;
  return {
    next() {
      last = last >= 65_000 ? 2 : last + 1;
      return `10.244.${last >> 8}.${last & 255}`;
    },
  };
}
