import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger, systemClock } from '../../core/index.ts';
import {
  KubeApiError,
  KubeClient,
  type KubeRequest,
  type KubeResponse,
  type KubeTransport,
  transportFromKubeconfig,
} from '../../kube/index.ts';
import { type RunningCluster, startCluster } from '../index.ts';
import { startSimulatedNodes } from '../simulated/index.ts';
import { startControllers } from './index.ts';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const LONG = { timeout: 40_000, interval: 10 };

let folder: string;
let cluster: RunningCluster;
let transport: KubeTransport;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-restart-'));
  cluster = await startCluster({ dataDir: folder, port: 0, ephemeral: true, bare: true, logger: silentLogger });
  transport = transportFromKubeconfig(cluster.kubeconfigPath);
});

afterEach(async () => {
  await transport?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Answers each seventh write with an error of the server. */
function failing(inner: KubeTransport): KubeTransport & { failed: number } {
  let writes = 0;
  return {
    failed: 0,
    request(request: KubeRequest): Promise<KubeResponse> {
      if (request.method === 'GET' || ++writes % 7 !== 0) return inner.request(request);
      this.failed += 1;
      throw new KubeApiError(
        500,
        { kind: 'Status', apiVersion: 'v1', reason: 'InternalError', message: 'on purpose' },
        request.path,
      );
    },
    async [Symbol.asyncDispose]() {},
  };
}

const parts = (client: KubeClient) => ({ client, clock: systemClock, logger: silentLogger });

async function untilAvailable(client: KubeClient, replicas: number): Promise<void> {
  await vi.waitFor(async () => {
    const live = await client.get({ ...DEPLOYMENT, namespace: 'default', name: 'web' });
    expect(live?.['status']).toMatchObject({
      availableReplicas: replicas,
      replicas,
      observedGeneration: live?.metadata.generation,
    });
  }, LONG);
}

test('new controllers finish what others left half done, with errors all along the way', async () => {
  const client = new KubeClient(transport);
  const unreliable = failing(transport);
  const nodes = await startSimulatedNodes({ ...parts(client), names: ['one'] });
  const first = await startControllers({ ...parts(new KubeClient(unreliable)), rootCa: 'CA' });
  await client.create({
    ...DEPLOYMENT,
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 5,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  });
  await untilAvailable(client, 5);
  expect(unreliable.failed).toBeGreaterThan(0);
  await first[Symbol.asyncDispose]();

  // Nobody acts now.
  const ref = { ...DEPLOYMENT, namespace: 'default', name: 'web' };
  await client.patch(ref, { spec: { replicas: 2 } }, { type: 'merge' });
  expect((await client.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: 'default' })).items).toHaveLength(5);

  const second = await startControllers({ ...parts(client), rootCa: 'CA' });
  await untilAvailable(client, 2);
  expect((await client.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: 'default' })).items).toHaveLength(2);
  await second[Symbol.asyncDispose]();
  await nodes[Symbol.asyncDispose]();
});

test('the connector of simulated nodes says that nothing runs', async () => {
  const nodes = await startSimulatedNodes({ ...parts(new KubeClient(transport)), names: ['one'] });
  const chunks: string[] = [];
  const target = { namespace: 'default', name: 'web' };
  for await (const chunk of nodes.connector.logs(target, { signal: AbortSignal.timeout(30_000) }))
    chunks.push(Buffer.from(chunk).toString());
  expect(chunks.join('')).toContain('simulated');
  const session = await nodes.connector.exec(target, { command: ['true'], stdin: false, tty: false });
  expect((await session.exit).code).toBe(1);
  await expect(nodes.connector.portForward(target, 80)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await nodes[Symbol.asyncDispose]();
});
