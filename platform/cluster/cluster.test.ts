// One cluster as a whole: its kubeconfig lets an administrator in, its state outlives it, and it stops and starts cleanly.
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { silentLogger } from '../core/index.ts';
import { KubeClient, type KubeObject, transportFromKubeconfig } from '../kube/index.ts';
import { startCluster } from './index.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'daruma-cluster-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const configMap: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'kept', namespace: 'default' },
  data: { a: '1' },
};

it('keeps its objects, its revision and its credentials over a restart', async () => {
  const first = await startCluster({ dataDir, port: 0, bare: true, logger: silentLogger });
  expect((await stat(first.kubeconfigPath)).mode & 0o777).toBe(0o600);
  const transport = transportFromKubeconfig(first.kubeconfigPath);
  const created = await new KubeClient(transport).create(configMap);
  await transport[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();

  await using second = await startCluster({ dataDir, port: 0, bare: true, logger: silentLogger });
  await using again = transportFromKubeconfig(second.kubeconfigPath);
  const client = new KubeClient(again);
  const kept = await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'kept' });
  expect(kept).toEqual(created);
  const next = await client.update({ ...created, data: { a: '2' } });
  expect(Number(next.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
});

it('says when its port is taken, and leaves nothing running', async () => {
  await using first = await startCluster({ dataDir, port: 0, ephemeral: true, bare: true, logger: silentLogger });
  const other = join(dataDir, 'other');
  const starting = startCluster({ dataDir: other, port: first.port, ephemeral: true, bare: true, logger: silentLogger });
  await expect(starting).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});

it('makes pods of a Deployment ready on simulated nodes', async () => {
  await using cluster = await startCluster({
    dataDir,
    port: 0,
    ephemeral: true,
    simulatedNodes: ['one', 'two'],
    logger: silentLogger,
  });
  await using transport = transportFromKubeconfig(cluster.kubeconfigPath);
  const client = new KubeClient(transport);
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'x' }] } },
    },
  };
  await client.apply(deployment, { fieldManager: 'test' });
  const { resourceVersion } = await client.list(deployment, { namespace: 'default' });
  const ready = (object: unknown) => (object as { status?: { readyReplicas?: number } } | undefined)?.status?.readyReplicas === 2;
  const current = await client.get({ ...deployment, namespace: 'default', name: 'web' });
  if (!ready(current)) {
    const signal = AbortSignal.timeout(30_000);
    for await (const event of client.watch(deployment, {
      namespace: 'default',
      resourceVersion: current?.metadata.resourceVersion ?? resourceVersion,
      signal,
    }))
      if (ready(event.object)) break;
  }
  expect(ready(await client.get({ ...deployment, namespace: 'default', name: 'web' }))).toBe(true);
});
