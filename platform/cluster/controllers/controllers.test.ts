import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLogger } from '../../core/index.ts';
import { Informer, KubeClient, type KubeObject, type KubeTransport, transportFromKubeconfig } from '../../kube/index.ts';
import { type RunningCluster, startCluster } from '../index.ts';

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const REPLICA_SET = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const LONG = { timeout: 40_000, interval: 10 };

let folder: string;
let cluster: RunningCluster;
let transport: KubeTransport;
let client: KubeClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-controllers-'));
  cluster = await startCluster({
    dataDir: folder,
    port: 0,
    ephemeral: true,
    simulatedNodes: ['one', 'two'],
    logger: silentLogger,
  });
  transport = transportFromKubeconfig(cluster.kubeconfigPath);
  client = new KubeClient(transport);
});

afterAll(async () => {
  await transport?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function namespace(name: string): Promise<string> {
  await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  return name;
}

const deployment = (
  namespaceName: string,
  { replicas = 3, image = 'a:1', ...spec }: Record<string, unknown> = {},
): KubeObject => ({
  ...DEPLOYMENT,
  metadata: { name: 'web', namespace: namespaceName },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
    ...spec,
  },
});

type Status = Record<string, unknown>;
const statusOf = (object: KubeObject | undefined) => object?.['status'] as Status | undefined;

async function untilStatus(namespaceName: string, status: Status, kind = DEPLOYMENT, name = 'web'): Promise<void> {
  await vi.waitFor(
    async () => expect(statusOf(await client.get({ ...kind, namespace: namespaceName, name }))).toMatchObject(status),
    LONG,
  );
}

const podsOf = async (name: string) => (await client.list(POD, { namespace: name })).items;

test('a Deployment and a Service lead to ready pods on both nodes and to endpoints', async () => {
  const ns = await namespace('apply');
  await client.apply(deployment(ns, { replicas: 2 }));
  await client.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: ns },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await untilStatus(ns, { readyReplicas: 2, availableReplicas: 2 });
  const pods = await podsOf(ns);
  expect(new Set(pods.map(({ spec }) => (spec as { nodeName: string }).nodeName))).toEqual(new Set(['one', 'two']));
  await vi.waitFor(async () => {
    const { items } = await client.list({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }, { namespace: ns });
    const endpoints = items[0]?.['endpoints'] as { conditions: { ready: boolean } }[];
    expect(endpoints.map(({ conditions }) => conditions.ready)).toEqual([true, true]);
    expect(items[0]?.['ports']).toEqual([{ name: '', port: 8080, protocol: 'TCP' }]);
  }, LONG);
});

test('a rolling update with nothing unavailable never falls below the desired number, and can be undone', async () => {
  const ns = await namespace('rolling');
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
  await client.apply(deployment(ns, { strategy }));
  await untilStatus(ns, { availableReplicas: 3, updatedReplicas: 3 });
  const abort = new AbortController();
  const seen: number[] = [];
  const informer = new Informer(client, DEPLOYMENT, { namespace: ns, signal: abort.signal });
  informer.onChange(event => seen.push(Number(statusOf(event.object)?.['availableReplicas'] ?? 0)));
  await informer.synced();
  await client.apply(deployment(ns, { strategy, image: 'a:2' }));
  await untilStatus(ns, { observedGeneration: 2, availableReplicas: 3, updatedReplicas: 3, replicas: 3 });
  await client.apply(deployment(ns, { strategy, image: 'a:1' }));
  await untilStatus(ns, { observedGeneration: 3, availableReplicas: 3, updatedReplicas: 3, replicas: 3 });
  abort.abort();
  expect(Math.min(...seen)).toBe(3);
  const sets = (await client.list(REPLICA_SET, { namespace: ns })).items;
  const revisions = sets.map(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision']).sort();
  expect(revisions).toEqual(['2', '3']);
});

test('Recreate ends every old pod before a new one starts', async () => {
  const ns = await namespace('recreate');
  await client.apply(deployment(ns, { replicas: 2, strategy: { type: 'Recreate' } }));
  await untilStatus(ns, { availableReplicas: 2 });
  const abort = new AbortController();
  const running = new Map<string, string>();
  const mixed: string[] = [];
  const informer = new Informer(client, POD, { namespace: ns, signal: abort.signal });
  informer.onChange(({ type, object }) => {
    const image = (object['spec'] as { containers: { image: string }[] }).containers[0]?.image ?? '';
    if (type === 'deleted') running.delete(object.metadata.name ?? '');
    else running.set(object.metadata.name ?? '', image);
    if (new Set(running.values()).size > 1) mixed.push(...running.values());
  });
  await informer.synced();
  await client.apply(deployment(ns, { replicas: 2, image: 'a:2', strategy: { type: 'Recreate' } }));
  await untilStatus(ns, { observedGeneration: 2, availableReplicas: 2, updatedReplicas: 2, replicas: 2 });
  abort.abort();
  expect(mixed).toEqual([]);
});

test('a deleted Deployment takes its ReplicaSets and pods with it; orphans stay', async () => {
  const ns = await namespace('collect');
  await client.apply(deployment(ns));
  await untilStatus(ns, { availableReplicas: 3 });
  await client.delete({ ...DEPLOYMENT, namespace: ns, name: 'web' }, { propagationPolicy: 'Orphan' });
  await vi.waitFor(async () => expect(await client.get({ ...DEPLOYMENT, namespace: ns, name: 'web' })).toBeUndefined(), LONG);
  expect(await podsOf(ns)).toHaveLength(3);
  await client.apply(deployment(ns));
  await untilStatus(ns, { availableReplicas: 3 });
  await client.delete({ ...DEPLOYMENT, namespace: ns, name: 'web' }, { propagationPolicy: 'Foreground' });
  await vi.waitFor(async () => expect(await client.get({ ...DEPLOYMENT, namespace: ns, name: 'web' })).toBeUndefined(), LONG);
  expect((await client.list(REPLICA_SET, { namespace: ns })).items).toEqual([]);
});

test('a namespace is emptied and goes, and a new one is furnished', async () => {
  const ns = await namespace('going');
  await vi.waitFor(async () => {
    expect(await client.get({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: ns, name: 'default' })).toBeDefined();
    const configMap = await client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: ns, name: 'kube-root-ca.crt' });
    expect(configMap?.['data']).toHaveProperty(['ca.crt'], expect.stringContaining('BEGIN CERTIFICATE'));
  }, LONG);
  await client.apply(deployment(ns));
  await untilStatus(ns, { availableReplicas: 3 });
  await client.delete({ apiVersion: 'v1', kind: 'Namespace', name: ns });
  await vi.waitFor(async () => expect(await client.get({ apiVersion: 'v1', kind: 'Namespace', name: ns })).toBeUndefined(), LONG);
  expect(await podsOf(ns)).toEqual([]);
});

test('a Job runs to its completions and a CustomResourceDefinition brings its objects under the garbage collector', async () => {
  const ns = await namespace('jobs');
  await client.create({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j', namespace: ns },
    spec: {
      completions: 4,
      parallelism: 3,
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'x' }] } },
    },
  });
  await untilStatus(ns, { succeeded: 4, uncountedTerminatedPods: {} }, { apiVersion: 'batch/v1', kind: 'Job' }, 'j');
  expect(await podsOf(ns)).toHaveLength(4);

  const kind = { apiVersion: 'example.org/v1', kind: 'Thing' };
  await client.create({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Namespaced',
      names: { plural: 'things', singular: 'thing', kind: 'Thing', listKind: 'ThingList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    },
  });
  const owner = await vi.waitFor(() => client.create<KubeObject>({ ...kind, metadata: { name: 'owner', namespace: ns } }), LONG);
  const { name = '', uid = '' } = owner.metadata;
  await client.create({ ...kind, metadata: { name: 'child', namespace: ns, ownerReferences: [{ ...kind, name, uid }] } });
  await client.delete({ ...kind, namespace: ns, name });
  await vi.waitFor(async () => expect(await client.get({ ...kind, namespace: ns, name: 'child' })).toBeUndefined(), LONG);
});

test('a StatefulSet starts its pods in order and a DaemonSet puts one on each node', async () => {
  const ns = await namespace('sets');
  const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'c', image: 'x' }] } };
  const selector = { matchLabels: { app: 'db' } };
  const stateful = { apiVersion: 'apps/v1', kind: 'StatefulSet' };
  const daemon = { apiVersion: 'apps/v1', kind: 'DaemonSet' };
  await client.create({
    ...stateful,
    metadata: { name: 'db', namespace: ns },
    spec: { serviceName: 'db', replicas: 3, selector, template },
  });
  await untilStatus(ns, { readyReplicas: 3, currentReplicas: 3 }, stateful, 'db');
  const names = (await podsOf(ns)).sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion));
  expect(names.map(({ metadata }) => metadata.name)).toEqual(['db-0', 'db-1', 'db-2']);
  await client.create({
    ...daemon,
    metadata: { name: 'agent', namespace: ns },
    spec: {
      selector: { matchLabels: { app: 'agent' } },
      template: { ...template, metadata: { labels: { app: 'agent' } } },
    },
  });
  await untilStatus(ns, { desiredNumberScheduled: 2, numberAvailable: 2 }, daemon, 'agent');
});
