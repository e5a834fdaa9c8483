// A node on real processes: pods from being created to being gone, against an API server in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger, systemClock } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { type ClusterNetwork, startNetwork } from '../network/index.ts';
import { MemoryKube } from '../network/memory-kube.ts';
import { TestRegistry } from './images/test-registry.ts';
import { type RunningNode, startNode } from './index.ts';
import type { Pod, PodSpec, PodStatus } from './pod-types.ts';
import { sweepProcesses } from './runtime/index.ts';

const WAIT = { timeout: 30_000, interval: 10 };
const IMAGE = 'registry.daruma.internal/demo-app:v1';
const APP = `
const http = require('http'), fs = require('fs');
const read = path => { try { return fs.readFileSync(path, 'utf8'); } catch (error) { return error.code; } };
let healthy = true;
const server = http.createServer((q, r) => {
  if (q.url === '/break') { healthy = false; r.end('broken'); return; }
  if (q.url === '/exit') { r.end('bye'); setImmediate(() => process.exit(3)); return; }
  if (q.url === '/healthz') { r.statusCode = healthy ? 200 : 500; r.end(); return; }
  r.setHeader('content-type', 'application/json');
  r.end(JSON.stringify({ env: process.env, host: require('os').hostname(), file: read(process.env.CONFIG_FILE) }));
});
server.listen(Number(process.env.PORT || 8080), () => console.log('listening'));
process.on('SIGTERM', () => { console.log('stopping'); server.close(() => process.exit(0)); server.closeIdleConnections(); });
console.error('started with ' + process.argv.slice(2));
`;

let folder: string;
let registry: TestRegistry;
let kube: MemoryKube;
let network: ClusterNetwork & AsyncDisposable;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-node-'));
  const shimPath = join(folder, 'shim.cjs');
  await build({
    entryPoints: ['platform/cluster/network/shim.ts'],
    outfile: shimPath,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    logLevel: 'error',
  });
  registry = await TestRegistry.start();
  const config = {
    os: 'linux',
    architecture: '',
    config: {
      Entrypoint: ['node'],
      Cmd: ['/app/server.js'],
      Env: ['FROM_IMAGE=yes'],
      WorkingDir: '/app',
      Labels: { 'dev.daruma.base': 'host-node' },
    },
  };
  await registry.push('demo-app', 'v1', { config, layers: [[{ name: 'app/server.js', content: APP }]] });
  await registry.push('foreign', 'v1', {
    config: { os: 'linux', architecture: 's390x', config: { Entrypoint: ['/bin/app'] } },
    layers: [[{ name: 'bin/app', content: 'x', mode: 0o755 }]],
  });
  kube = new MemoryKube();
  const started = await startNetwork({ client: kube.client, logger: silentLogger });
  network = Object.assign(Object.create(started) as typeof started, {
    shimPath,
    podEnvironment: (options: Parameters<typeof started.podEnvironment>[0]) => started.podEnvironment({ shimPath, ...options }),
    [Symbol.asyncDispose]: () => started[Symbol.asyncDispose](),
  });
  await kube.put({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'dev' },
    data: { LEVEL: 'debug', 'app.yaml': 'one' },
  });
  await kube.put({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'keys', namespace: 'dev' },
    data: { KEY: Buffer.from('s3cret').toString('base64') },
  });
});

afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function ref(name: string) {
  return { apiVersion: 'v1', kind: 'Pod', namespace: 'dev', name };
}

async function create(name: string, container: object, spec: Partial<PodSpec> = {}): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'dev', labels: { app: name } },
    spec: {
      nodeName: 'daruma',
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 20,
      containers: [{ name: 'app', image: IMAGE, ...container }],
      ...spec,
    },
  };
  await kube.put(pod as unknown as KubeObject);
}

async function status(name: string): Promise<PodStatus> {
  return (await kube.client.get<Pod>(ref(name)))?.status ?? {};
}

function isReady({ conditions }: PodStatus): boolean {
  return conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}

async function untilReady(name: string): Promise<PodStatus> {
  return vi.waitFor(async () => {
    const found = await status(name);
    expect(found, JSON.stringify(found)).toSatisfy(isReady);
    return found;
  }, WAIT);
}

async function fetchPod(podIP: string, path = '/', port = 8080): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...network.hostEndpoint(podIP, port), path, agent: false }, response => {
      let text = '';
      response.on('data', chunk => (text += String(chunk)));
      response.on('end', () => resolve(text));
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

async function readLog(node: RunningNode, name: string, options: object = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of node.connector.logs({ namespace: 'dev', name }, { signal: AbortSignal.timeout(20_000), ...options }))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function reasons(name: string): Promise<string[]> {
  const { items } = await kube.client.list({ apiVersion: 'v1', kind: 'Event' }, { namespace: 'dev' });
  return items.filter(event => (event['involvedObject'] as { name: string }).name === name).map(event => String(event['reason']));
}

const READINESS = { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 };

describe.each(['plain', 'userns'] as const)('with the runtime %s', wanted => {
  let node: RunningNode;
  let dataDir: string;
  let available = true;

  async function start(): Promise<void> {
    node = await startNode({
      client: kube.client,
      nodeName: 'daruma',
      dataDir,
      registry: registry.access,
      network,
      runtime: wanted === 'userns' ? 'auto' : wanted,
      rootCa: 'CA',
      logger: silentLogger,
      clock: systemClock,
    });
  }

  beforeAll(async () => {
    dataDir = join(folder, wanted);
    await start();
    available = node.runtime === wanted;
  });

  afterAll(async () => {
    await node[Symbol.asyncDispose]();
    for (const { metadata } of (await kube.client.list({ apiVersion: 'v1', kind: 'Pod' })).items)
      await kube.client.delete(ref(metadata.name ?? ''), { gracePeriodSeconds: 0 });
    expect(await sweepProcesses(`DARUMA_NODE=${dataDir}`)).toBe(0);
  });

  it('runs a pod with all that it asks for, and ends it gracefully', async ({ skip }) => {
    if (!available) skip();
    const name = `web-${wanted}`;
    await create(
      name,
      {
        args: ['/app/server.js', '--greeting=$(GREETING)'],
        ports: [{ name: 'http', containerPort: 8080 }],
        env: [
          { name: 'GREETING', value: 'hi' },
          { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 'keys', key: 'KEY' } } },
          { name: 'CPUS', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
          { name: 'CONFIG_FILE', value: '/etc/app/app.yaml' },
        ],
        envFrom: [{ configMapRef: { name: 'settings' } }],
        resources: { limits: { cpu: '250m' } },
        readinessProbe: READINESS,
        volumeMounts: [
          { name: 'config', mountPath: '/etc/app' },
          { name: 'scratch', mountPath: '/scratch' },
        ],
      },
      {
        volumes: [
          { name: 'config', configMap: { name: 'settings' } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
    );
    const ready = await untilReady(name);
    expect(ready).toMatchObject({
      phase: 'Running',
      hostIP: '10.244.0.1',
      containerStatuses: [{ ready: true, started: true, restartCount: 0 }],
    });
    const seen = JSON.parse(await fetchPod(ready.podIP ?? '')) as { env: Record<string, string>; host: string; file: string };
    expect(seen.env).toMatchObject({
      FROM_IMAGE: 'yes',
      GREETING: 'hi',
      POD: name,
      IP: ready.podIP,
      KEY: 's3cret',
      CPUS: '250',
      LEVEL: 'debug',
    });
    expect(seen).toMatchObject({ host: name, file: 'one' });
    await kube.client.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'dev', name: 'settings' },
      { data: { 'app.yaml': `two-${wanted}` } },
      { type: 'merge' },
    );
    await vi.waitFor(async () => expect(await fetchPod(ready.podIP ?? '')).toContain(`two-${wanted}`), WAIT);
    await kube.client.patch(
      { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'dev', name: 'settings' },
      { data: { 'app.yaml': 'one' } },
      { type: 'merge' },
    );

    expect(await readLog(node, name)).toContain('listening\n');
    expect(await readLog(node, name, { tailLines: 1, timestamps: true })).toMatch(/^\d{4}-.*\.\d{9}Z \w/);
    const following = readLog(node, name, { follow: true });
    const forwarded = await node.connector.portForward({ namespace: 'dev', name }, 8080);
    forwarded.write('GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let response = '';
    for await (const chunk of forwarded) response += String(chunk);
    expect(response).toContain('200 OK');
    const session = await node.connector.exec(
      { namespace: 'dev', name },
      { command: ['node', '-p', 'process.env.GREETING'], stdin: false, tty: false },
    );
    let output = '';
    for await (const chunk of session.stdout) output += String(chunk);
    expect([output, (await session.exit).code]).toEqual(['hi\n', 0]);
    expect((await node.stats()).find(pod => pod.name === name)?.containers[0]?.memoryBytes).toBeGreaterThan(10_000_000);

    await kube.client.delete(ref(name));
    await vi.waitFor(async () => expect(await kube.client.get(ref(name))).toBeUndefined(), WAIT);
    expect(await following).toContain('started with --greeting=hi\n');
    expect(await following).toContain('stopping\n');
    expect(await reasons(name)).toEqual(expect.arrayContaining(['Pulled', 'Created', 'Started', 'Killing']));
  });

  it('starts a container again when it exits or its liveness fails', async ({ skip }) => {
    if (!available) skip();
    const name = `crash-${wanted}`;
    await create(
      name,
      {
        ports: [{ name: 'http', containerPort: 8080 }],
        readinessProbe: READINESS,
        livenessProbe: { ...READINESS, periodSeconds: 1, failureThreshold: 1 },
      },
      { terminationGracePeriodSeconds: 2 },
    );
    const { podIP = '' } = await untilReady(name);
    await fetchPod(podIP, '/exit');
    await vi.waitFor(async () => {
      const found = await status(name);
      expect(found.containerStatuses?.[0]).toMatchObject({
        restartCount: 1,
        ready: true,
        lastState: { terminated: { exitCode: 3, reason: 'Error' } },
      });
    }, WAIT);
    expect(await readLog(node, name, { previous: true })).toContain('listening');
    await fetchPod(podIP, '/break');
    await vi.waitFor(
      async () => expect((await status(name)).containerStatuses?.[0]?.state.waiting?.reason).toBe('CrashLoopBackOff'),
      WAIT,
    );
    expect(await reasons(name)).toEqual(expect.arrayContaining(['Unhealthy', 'Killing', 'BackOff']));
    await kube.client.delete(ref(name));
    await vi.waitFor(async () => expect(await kube.client.get(ref(name))).toBeUndefined(), WAIT);
  });

  it('runs init containers first and reports how pods end', async ({ skip }) => {
    if (!available) skip();
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    const shell = (name: string, script: string) => ({
      name,
      image: IMAGE,
      command: ['sh', '-c', script],
      volumeMounts,
      env: [{ name: 'SHARED', value: '/shared' }],
    });
    const volumes = [{ name: 'shared', emptyDir: {} }];
    await create(`job-${wanted}`, shell('app', 'cat $SHARED/made; echo done'), {
      restartPolicy: 'Never',
      volumes,
      initContainers: [shell('prepare', 'echo made > $SHARED/made')],
    });
    await vi.waitFor(async () => expect((await status(`job-${wanted}`)).phase).toBe('Succeeded'), WAIT);
    expect(await readLog(node, `job-${wanted}`)).toBe('made\ndone\n');
    await create(`fail-${wanted}`, shell('app', 'exit 4'), { restartPolicy: 'Never', volumes });
    await vi.waitFor(async () => expect((await status(`fail-${wanted}`)).phase).toBe('Failed'), WAIT);
    expect((await status(`fail-${wanted}`)).containerStatuses?.[0]?.state.terminated).toMatchObject({
      exitCode: 4,
      reason: 'Error',
    });
  });

  it('says why a pod cannot run', async ({ skip }) => {
    if (!available) skip();
    await create(`missing-${wanted}`, { image: 'nginx:1.27' });
    await create(`config-${wanted}`, { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'nowhere', key: 'x' } } }] });
    await create(`command-${wanted}`, { command: ['no-such-program'] }, { restartPolicy: 'Never' });
    await create(`foreign-${wanted}`, { image: 'registry.daruma.internal/foreign:v1' });
    await vi.waitFor(
      async () =>
        expect((await status(`missing-${wanted}`)).containerStatuses?.[0]?.state.waiting?.reason).toBe('ImagePullBackOff'),
      WAIT,
    );
    await vi.waitFor(
      async () =>
        expect((await status(`config-${wanted}`)).containerStatuses?.[0]?.state.waiting).toEqual({
          reason: 'CreateContainerConfigError',
          message: 'configmap "nowhere" not found',
        }),
      WAIT,
    );
    await vi.waitFor(
      async () =>
        expect((await status(`command-${wanted}`)).containerStatuses?.[0]?.state.terminated).toMatchObject({
          exitCode: 128,
          reason: 'StartError',
        }),
      WAIT,
    );
    await untilReady(`foreign-${wanted}`);
    expect(node.simulatedPods()).toEqual([`dev/foreign-${wanted}`]);
    await vi.waitFor(
      async () =>
        expect((await kube.client.get(ref(`foreign-${wanted}`)))?.metadata.annotations?.['daruma.dev/simulated']).toContain(
          's390x',
        ),
      WAIT,
    );
    for (const name of ['missing', 'config', 'command', 'foreign']) await kube.client.delete(ref(`${name}-${wanted}`));
    for (const name of ['missing', 'config', 'command', 'foreign'])
      await vi.waitFor(async () => expect(await kube.client.get(ref(`${name}-${wanted}`))).toBeUndefined(), WAIT);
  });

  it('runs its pods again after a restart of the node', async ({ skip }) => {
    if (!available) skip();
    const name = `again-${wanted}`;
    await create(name, { ports: [{ name: 'http', containerPort: 8080 }], readinessProbe: READINESS });
    const before = await untilReady(name);
    await node[Symbol.asyncDispose]();
    await start();
    await vi.waitFor(async () => {
      const found = await status(name);
      expect(found).toSatisfy(isReady);
      expect(found).toMatchObject({
        podIP: before.podIP,
        containerStatuses: [{ restartCount: 1, lastState: { terminated: { exitCode: 255, reason: 'Unknown' } } }],
      });
    }, WAIT);
    await fetchPod(before.podIP ?? '', '/healthz');
  });
});
