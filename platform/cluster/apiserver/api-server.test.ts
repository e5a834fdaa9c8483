// The API as its clients meet it: objects written, read, watched, patched, applied and deleted, in this process and over TLS.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject, WatchEvent } from '../../kube/index.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const configMap = (name: string, data: Record<string, string> = {}, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', ...metadata },
  data,
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: { status: number; reason: string; message: string }) => ({
      status: error.status,
      reason: error.reason,
      message: error.message,
    }),
  );

const deployment = (image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image }] } },
  },
});

describe('writes', () => {
  it('keep a monotonic resourceVersion, refuse stale ones, and write nothing when nothing changes', async () => {
    const created = await server.client.create(configMap('versions', { k: '1' }));
    const changed = await server.client.update({ ...created, data: { k: '2' } });
    expect(Number(changed.metadata.resourceVersion)).toBeGreaterThan(Number(created.metadata.resourceVersion));
    expect(await refusal(server.client.update({ ...created, data: { k: '3' } }))).toMatchObject({
      status: 409,
      reason: 'Conflict',
    });
    expect((await server.client.update(changed)).metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
    expect(await refusal(server.client.create(configMap('versions')))).toMatchObject({ status: 409, reason: 'AlreadyExists' });
  });

  it('apply fields with their owner and report conflicts', async () => {
    await server.client.apply(deployment('web:1'), { fieldManager: 'one' });
    const again = await server.client.apply(deployment('web:1'), { fieldManager: 'one' });
    const same = await server.client.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'web' });
    expect(again.metadata.resourceVersion).toBe(same?.metadata.resourceVersion);
    const conflict = await refusal(server.client.apply(deployment('web:2'), { fieldManager: 'two' }));
    expect(conflict).toMatchObject({ status: 409 });
    expect(conflict?.message).toContain('conflict with "one"');
    const forced = await server.client.apply(deployment('web:2'), { fieldManager: 'two', force: true });
    expect(forced.metadata.generation).toBe(2);
  });

  it('change nothing in a dry run', async () => {
    await server.client.create(configMap('dry'), { dryRun: true });
    expect(await server.client.get(ref('dry'))).toBeUndefined();
  });

  it('are refused in namespaces that do not exist', async () => {
    const object = configMap('x', {}, { namespace: 'nowhere' });
    expect(await refusal(server.client.create(object))).toMatchObject({ status: 404, reason: 'NotFound' });
  });

  it('wait for finalizers before an object goes', async () => {
    await server.client.create(configMap('held', {}, { finalizers: ['example.org/hold'] }));
    await server.client.delete(ref('held'));
    expect((await server.client.get(ref('held')))?.metadata.deletionTimestamp).toBeDefined();
    await server.client.patch(ref('held'), { metadata: { finalizers: null } }, { type: 'merge' });
    expect(await server.client.get(ref('held'))).toBeUndefined();
  });

  it('give each service an address of its own', async () => {
    const service = (name: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    const specs = await Promise.all(
      ['s1', 's2', 's3'].map(
        async name => (await server.client.create(service(name)))['spec'] as { clusterIP: string; ports: { nodePort: number }[] },
      ),
    );
    expect(new Set(specs.map(spec => spec.clusterIP)).size).toBe(3);
    expect(new Set(specs.map(spec => spec.ports[0]?.nodePort)).size).toBe(3);
    for (const { clusterIP } of specs) expect(clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
  });
});

describe('lists', () => {
  it('come in chunks of one revision, whatever is written between', async () => {
    for (const name of ['l1', 'l2', 'l3', 'l4']) await server.client.create(configMap(name, {}, { labels: { list: 'yes' } }));
    const path = '/api/v1/namespaces/default/configmaps?labelSelector=list%3Dyes&limit=2';
    const first = await server.client.raw<{ items: KubeObject[]; metadata: { continue: string; resourceVersion: string } }>(
      'GET',
      path,
    );
    await server.client.delete(ref('l3'));
    const second = await server.client.raw<typeof first>('GET', `${path}&continue=${first.metadata.continue}`);
    expect([...first.items, ...second.items].map(item => item.metadata.name)).toEqual(['l1', 'l2', 'l3', 'l4']);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  it('are printed as tables', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const { text } = await server.ask('GET', '/api/v1/namespaces', { headers: { accept } });
    const table = JSON.parse(text) as { kind: string; rows: { cells: string[] }[]; columnDefinitions: { name: string }[] };
    expect(table.columnDefinitions.map(column => column.name)).toEqual(['Name', 'Status', 'Age']);
    expect(table.rows.map(row => row.cells[0])).toContain('kube-system');
  });
});

describe('watches', () => {
  it('replay history from a revision and follow, bookmarks included', async () => {
    const stop = new AbortController();
    const { resourceVersion } = await server.client.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' });
    await server.client.create(configMap('w1', {}, { labels: { watched: 'yes' } }));
    const events: WatchEvent[] = [];
    const watching = (async () => {
      for await (const event of server.client.watch(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        { labelSelector: 'watched', resourceVersion, signal: stop.signal },
      )) {
        events.push(event);
        if (event.type === 'DELETED') return;
      }
    })();
    await server.client.patch(ref('w1'), { data: { a: '1' } }, { type: 'merge' });
    await server.client.patch(ref('w1'), { metadata: { labels: null } }, { type: 'merge' });
    await watching;
    stop.abort();
    expect(events.map(event => event.type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  });

  it('say that a revision is too old by an event', async () => {
    const path = '/api/v1/configmaps?watch=true&resourceVersion=0000001&timeoutSeconds=1';
    for (let count = 0; count < 11_100; count++) {
      const key = { collection: '/configmaps', namespace: 'default', name: 'churn' };
      server.store.put(key, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'churn', namespace: 'default' } });
    }
    const { status, text } = await server.ask('GET', path);
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  });

  it('end when the server stops', async () => {
    const other = await startTestServer();
    let begin: () => void = () => {};
    const begun = new Promise<void>(resolve => (begin = resolve));
    const ended = (async () => {
      for await (const _event of other.client.watch({ apiVersion: 'v1', kind: 'Namespace' }, {})) begin();
      return 'ended';
    })();
    await begun;
    await other[Symbol.asyncDispose]();
    expect(await ended).toBe('ended');
  });
});

describe('custom resources', () => {
  it('are served when defined, validated by their schema, and gone with their definition', async () => {
    const definition: KubeObject = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'eyes.daruma.example.com' },
      spec: {
        group: 'daruma.example.com',
        scope: 'Namespaced',
        names: { plural: 'eyes', kind: 'Eye' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', properties: { open: { type: 'boolean' } } } },
              },
            },
          },
        ],
      },
    };
    await server.client.create(definition);
    const eye = (open: unknown): KubeObject => ({
      apiVersion: 'daruma.example.com/v1',
      kind: 'Eye',
      metadata: { name: 'left', namespace: 'default' },
      spec: { open, bogus: 1 },
    });
    expect(await refusal(server.client.create(eye('yes')))).toMatchObject({ status: 422 });
    expect((await server.client.create(eye(true)))['spec']).toEqual({ open: true });
    await server.client.delete({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: 'eyes.daruma.example.com',
    });
    expect((await server.ask('GET', '/apis/daruma.example.com/v1/eyes')).status).toBe(404);
    expect(server.store.list('daruma.example.com/eyes')).toEqual([]);
  });
});
