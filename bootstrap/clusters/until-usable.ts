// When a real cluster can be used: its creation and its restart are over well after its API answers.
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import type { KubeClient, KubeObject } from '../../platform/kube/index.ts';

const POLL_MS = 250;

interface Node extends KubeObject {
  status?: { conditions?: { type: string; status: string }[] };
}

interface Lease extends KubeObject {
  spec?: { renewTime?: string };
}

interface Pod extends KubeObject {
  status?: {
    phase?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { state?: { running?: { startedAt?: string } } }[];
  };
}

export interface UsableOptions {
  nodes: number;
  /** When the nodes were started last: what the API tells from before that is out of date. */
  since?: Date;
  timeoutMs: number;
  signal: AbortSignal;
  onProgress: (detail: string) => void;
}

/**
 * Resolves when every node is ready, cluster DNS answers and pods can be made in `default`; after a restart also when no pod is shown
 * as ready from before it. @throws DarumaError TIMEOUT naming what is missing
 */
export async function untilUsable(
  client: KubeClient,
  { timeoutMs, signal, onProgress, ...wanted }: UsableOptions,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const missing = await whatIsMissing(client, wanted, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      return `its API: ${messageOf(error)}`;
    });
    if (missing === undefined) return;
    if (Date.now() > deadline)
      throw new DarumaError('TIMEOUT', `the cluster is not usable after ${timeoutMs / 1000} s; missing is ${missing}`, {
        hint: 'kubectl get nodes,pods -A shows its state; daruma down --purge removes it',
      });
    onProgress(`waiting for ${missing.split(':', 1)[0]}`);
    await delay(POLL_MS, undefined, { signal });
  }
}

async function whatIsMissing(
  client: KubeClient,
  { nodes: count, since }: { nodes: number; since?: Date },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { items: nodes } = await client.list<Node>({ apiVersion: 'v1', kind: 'Node' }, { signal });
  const ready = nodes.filter(node => isTrue(node.status?.conditions, 'Ready'));
  if (ready.length < count) return `${count - ready.length} of ${count} nodes`;
  if (since) {
    for (const { metadata } of ready) {
      const lease = await client.get<Lease>(
        { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', namespace: 'kube-node-lease', name: metadata.name ?? '' },
        { signal },
      );
      if (isBefore(lease?.spec?.renewTime, since)) return `node ${metadata.name} to come back`;
    }
  }
  const account = await client.get(
    { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name: 'default' },
    { signal },
  );
  if (!account) return 'the default service account';
  const { items: pods } = await client.list<Pod>({ apiVersion: 'v1', kind: 'Pod' }, { signal });
  const readyPods = pods.filter(pod => isTrue(pod.status?.conditions, 'Ready'));
  const stale = since && readyPods.find(pod => startedBefore(pod, since));
  if (stale) return `pod ${stale.metadata.namespace}/${stale.metadata.name} to come back`;
  return readyPods.some(pod => pod.metadata.labels?.['k8s-app'] === 'kube-dns') ? undefined : 'cluster DNS';
}

function isTrue(conditions: { type: string; status: string }[] | undefined, type: string): boolean {
  return conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false;
}

/** The API counts in whole seconds. */
function isBefore(time: string | undefined, since: Date): boolean {
  return time !== undefined && Date.parse(time) < Math.floor(since.getTime() / 1000) * 1000;
}

function startedBefore(pod: Pod, since: Date): boolean {
  return (pod.status?.containerStatuses ?? []).some(({ state }) => isBefore(state?.running?.startedAt, since));
}
