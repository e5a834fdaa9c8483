import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { silentLogger, systemClock } from '../../core/index.ts';
import { KubeClient, type KubeObject, type KubeTransport, transportFromKubeconfig } from '../../kube/index.ts';
import { type RunningCluster, startCluster } from '../index.ts';
import { ControllerHost } from './controller.ts';

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
const LONG = { timeout: 30_000 };

let folder: string;
let cluster: RunningCluster;
let transport: KubeTransport;
let host: ControllerHost;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-cache-'));
  cluster = await startCluster({ dataDir: folder, port: 0, ephemeral: true, bare: true, logger: silentLogger });
  transport = transportFromKubeconfig(cluster.kubeconfigPath);
  host = new ControllerHost({ client: new KubeClient(transport), clock: systemClock, logger: silentLogger });
});

afterAll(async () => {
  await host?.[Symbol.asyncDispose]();
  await transport?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const configMap = (name: string, more: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  ...CONFIG_MAP,
  metadata: { name, namespace: 'default', ...more },
});

test('what was written is read at once, and listeners hear each change once', async () => {
  const cache = host.caches.of(CONFIG_MAP);
  await cache.synced();
  const heard: string[] = [];
  cache.onChange((next, previous) => {
    const name = (next ?? previous)?.metadata.name;
    if (name === 'a') heard.push(next ? (previous ? 'changed' : 'new') : 'gone');
  });
  const created = await cache.create(configMap('a'));
  expect(cache.get('default', 'a')?.metadata.uid).toBe(created.metadata.uid);
  await cache.patch(created, { data: { k: 'v' } });
  expect(cache.get('default', 'a')?.['data']).toEqual({ k: 'v' });
  await cache.delete(created);
  expect(cache.get('default', 'a')).toBeUndefined();
  // A later object shows that the watch has told all of this.
  await host.client.create(configMap('last'));
  await vi.waitFor(() => expect(cache.get('default', 'last')).toBeDefined(), LONG);
  expect(heard).toEqual(['new', 'changed', 'gone']);
});

test('an object that a finalizer holds stays in sight until it is released', async () => {
  const cache = host.caches.of(CONFIG_MAP);
  const held = await cache.create(configMap('held', { finalizers: ['example.org/hold'] }));
  await cache.delete(held);
  expect(cache.get('default', 'held')?.metadata.deletionTimestamp).toBeDefined();
  await cache.patch(held, { metadata: { finalizers: null } });
  expect(cache.get('default', 'held')).toBeUndefined();
});

test('objects are found by owner, also after the owner has changed', async () => {
  const cache = host.caches.of(CONFIG_MAP);
  const owner = (uid: string) => [{ apiVersion: 'v1', kind: 'Secret', name: 'o', uid, controller: true }];
  const owned = await cache.create(configMap('owned', { ownerReferences: owner('u1') }));
  expect(cache.ownedBy('u1').map(({ metadata }) => metadata.name)).toEqual(['owned']);
  await cache.patch(owned, { metadata: { ownerReferences: owner('u2') } });
  expect(cache.ownedBy('u1')).toEqual([]);
  expect(cache.ownedBy('u2').map(({ metadata }) => metadata.name)).toEqual(['owned']);
});

test('deleting what is gone, or was made again under the same name, is no error and harms nothing', async () => {
  const cache = host.caches.of(CONFIG_MAP);
  const first = await cache.create(configMap('twice'));
  await cache.delete(first);
  await cache.delete(first);
  const second = await cache.create(configMap('twice'));
  await expect(cache.delete(first)).rejects.toMatchObject({ reason: 'Conflict' });
  expect(cache.get('default', 'twice')?.metadata.uid).toBe(second.metadata.uid);
});

test('the same event again raises the count of the first', async () => {
  const object = await host.client.create(configMap('told'));
  for (let i = 0; i < 3; i++) host.events.record('test-controller', object, { reason: 'Told', message: 'again' });
  await host.events.flush();
  const { items } = await host.client.list(
    { apiVersion: 'v1', kind: 'Event' },
    { namespace: 'default', fieldSelector: 'reason=Told' },
  );
  expect(items).toHaveLength(1);
  expect(items[0]).toMatchObject({
    count: 3,
    type: 'Normal',
    source: { component: 'test-controller' },
    involvedObject: { name: 'told' },
  });
});
