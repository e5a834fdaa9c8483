// The network on real sockets: services, names, ingress, and the shim inside real Node processes.
import { type ChildProcess, spawn } from 'node:child_process';
import { promises as dns } from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, get, request, type Server } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { type ClusterNetwork, startNetwork } from './index.ts';
import { MemoryKube } from './memory-kube.ts';

const WAIT = { timeout: 20_000, interval: 20 };
let kube: MemoryKube;
let network: ClusterNetwork & AsyncDisposable;
let folder: string;
let shim: string;
const servers: Server[] = [];
const children: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-network-'));
  shim = join(folder, 'shim.cjs');
  await build({
    entryPoints: ['platform/cluster/network/shim.ts'],
    outfile: shim,
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    logLevel: 'error',
  });
  kube = new MemoryKube();
  network = await startNetwork({ client: kube.client, ingressPort: 0, logger: silentLogger });
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

afterAll(async () => {
  await network[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function service(name: string, clusterIP: string, ports: object[], spec: object = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'dev' }, spec: { clusterIP, ports, ...spec } };
}

function slice(serviceName: string, addresses: string[], port: number, portName?: string): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${serviceName}-1`, namespace: 'dev', labels: { 'kubernetes.io/service-name': serviceName } },
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ port, protocol: 'TCP', ...(portName ? { name: portName } : {}) }],
  };
}

function ingress(name: string, host: string, serviceName: string, port: object): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'dev' },
    spec: {
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: serviceName, port } } }] } }],
    },
  };
}

async function backend(address: string, port: number, name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.on('data', chunk => (body += String(chunk)));
    incoming.on('end', () => response.end(`${name} ${incoming.method} ${incoming.url} ${body}`.trim()));
  });
  server.on('upgrade', (_incoming, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(network.hostEndpoint(address, port));
  await once(server, 'listening');
  servers.push(server);
  return server;
}

function fetchText(
  endpoint: { host: string; port: number },
  headers: Record<string, string> = {},
  post?: string,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { ...endpoint, path: '/path', agent: false, headers, method: post === undefined ? 'GET' : 'POST' },
      response => {
        let text = '';
        response.on('data', chunk => (text += String(chunk)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(post);
  });
}

function node(source: string, address: string): ChildProcess {
  const child = spawn(process.execPath, ['-e', source], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ...network.podEnvironment({ address, namespace: 'dev', hostname: 'pod-1', shimPath: shim }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return child;
}

async function line(child: ChildProcess): Promise<string> {
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return String(chunk).trim();
}

describe('services', () => {
  it('are served at their address over ready endpoints, and skip one that refuses', async () => {
    await backend('10.244.9.1', 8080, 'one');
    await backend('10.244.9.2', 8080, 'two');
    await kube.put(slice('web', ['10.244.9.1', '10.244.9.2', '10.244.9.3'], 8080, 'http'));
    await kube.put(service('web', '10.96.9.1', [{ name: 'http', port: 80 }]));
    const at = network.hostEndpoint('10.96.9.1', 80);
    await vi.waitFor(async () => expect((await fetchText(at)).status).toBe(200), WAIT);
    const names = new Set<string>();
    for (let i = 0; i < 9; i++) names.add((await fetchText(at)).text);
    expect(names).toEqual(new Set(['one GET /path', 'two GET /path']));
    network.drain('10.244.9.1');
    for (let i = 0; i < 5; i++) expect((await fetchText(at)).text).toBe('two GET /path');
  });

  it('have names', async () => {
    await kube.put(service('named', '10.96.9.7', [{ name: 'http', port: 80 }]));
    await kube.put(service('parts', 'None', [{ port: 80 }]));
    await kube.put(slice('parts', ['10.244.9.21', '10.244.9.22'], 80));
    const resolver = new dns.Resolver();
    const { host, port } = network.hostEndpoint(network.dnsAddress, 53);
    resolver.setServers([`${host}:${port}`]);
    await vi.waitFor(async () => expect(await resolver.resolve4('named.dev.svc.cluster.local')).toEqual(['10.96.9.7']), WAIT);
    await vi.waitFor(
      async () => expect((await resolver.resolve4('parts.dev.svc.cluster.local')).sort()).toEqual(['10.244.9.21', '10.244.9.22']),
      WAIT,
    );
    expect(await resolver.resolveSrv('_http._tcp.named.dev.svc.cluster.local')).toMatchObject([
      { port: 80, name: 'named.dev.svc.cluster.local' },
    ]);
    await expect(resolver.resolve4('nobody.dev.svc.cluster.local')).rejects.toThrow('ENOTFOUND');
  });
});

describe('the ingress', () => {
  const at = () => ({ host: '127.0.0.1', port: network.ingressPort });

  it('routes by host, carries bodies and upgrades, and publishes its address', async () => {
    await backend('10.244.8.1', 8080, 'app');
    await kube.put(slice('app', ['10.244.8.1'], 8080));
    await kube.put(service('app', '10.96.8.1', [{ port: 80 }]));
    await kube.put(ingress('app', 'app.localhost', 'app', { number: 80 }));
    const host = { host: `app.localhost:${network.ingressPort}` };
    await vi.waitFor(async () => expect(await fetchText(at(), host)).toEqual({ status: 200, text: 'app GET /path' }), WAIT);
    expect(await fetchText(at(), host, 'hello')).toEqual({ status: 200, text: 'app POST /path hello' });
    expect((await fetchText(at(), { host: 'other.localhost' })).status).toBe(404);
    await vi.waitFor(async () => {
      const object = await kube.client.get({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        namespace: 'dev',
        name: 'app',
      });
      expect(object?.['status']).toEqual({ loadBalancer: { ingress: [{ hostname: 'localhost' }] } });
    }, WAIT);
    const upgrading = get({ ...at(), headers: { ...host, connection: 'Upgrade', upgrade: 'echo' }, agent: false });
    const [, socket] = (await once(upgrading, 'upgrade')) as [unknown, import('node:net').Socket];
    socket.write('ping');
    expect(String((await once(socket, 'data'))[0])).toBe('ping');
    socket.destroy();
  });

  it('drops no request while pods are replaced', async () => {
    const first = await backend('10.244.8.11', 8080, 'v1');
    await kube.put(slice('roll', ['10.244.8.11'], 8080));
    await kube.put(service('roll', '10.96.8.11', [{ port: 80 }]));
    await kube.put(ingress('roll', 'roll.localhost', 'roll', { number: 80 }));
    const host = { host: 'roll.localhost' };
    await vi.waitFor(async () => expect((await fetchText(at(), host)).status).toBe(200), WAIT);
    let rolling = true;
    const answers: { status: number; text: string }[] = [];
    const clients = Array.from({ length: 4 }, async (_, client) => {
      while (rolling) answers.push(await fetchText(at(), host, client % 2 ? 'body' : undefined));
    });
    // The old pod goes before the endpoints tell of the new one: the worst order.
    network.drain('10.244.8.11');
    first.close();
    await new Promise(resolve => setImmediate(resolve));
    await backend('10.244.8.12', 8080, 'v2');
    await kube.client.patch(
      { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', namespace: 'dev', name: 'roll-1' },
      { endpoints: [{ addresses: ['10.244.8.12'], conditions: { ready: true } }] },
      { type: 'merge' },
    );
    await vi.waitFor(() => expect(answers.filter(({ text }) => text.startsWith('v2')).length).toBeGreaterThan(20), WAIT);
    rolling = false;
    await Promise.all(clients);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });

  it('says 503 at once for a service that never had a pod', async () => {
    await kube.put(service('empty', '10.96.8.21', [{ port: 80 }]));
    await kube.put(ingress('empty', 'empty.localhost', 'empty', { number: 80 }));
    await vi.waitFor(async () => expect((await fetchText(at(), { host: 'empty.localhost' })).status).toBe(503), WAIT);
  });
});

describe('the shim', () => {
  it('lets a process listen at its pod address, on a privileged port too', async () => {
    const child = node(
      `const s = require('http').createServer((q, r) => r.end(q.socket.remoteAddress + ' ' + q.socket.localAddress + ' ' + require('os').hostname()));
       s.listen(80, () => console.log(JSON.stringify(s.address())))`,
      '10.244.7.1',
    );
    expect(JSON.parse(await line(child))).toMatchObject({ port: 80, address: '::' });
    const { text } = await fetchText(network.hostEndpoint('10.244.7.1', 80));
    expect(text).toBe('127.0.0.1 10.244.7.1 pod-1');
  });

  it("reaches services by name from the pod's own address", async () => {
    const server = node(
      `require('http').createServer((q, r) => r.end('seen ' + q.socket.remoteAddress)).listen(8080, '0.0.0.0', () => console.log('ready'))`,
      '10.244.7.11',
    );
    expect(await line(server)).toBe('ready');
    await kube.put(slice('peer', ['10.244.7.11'], 8080));
    await kube.put(service('peer', '10.96.7.11', [{ port: 80 }]));
    await vi.waitFor(async () => expect((await fetchText(network.hostEndpoint('10.96.7.11', 80))).status).toBe(200), WAIT);
    for (const url of [
      'http://peer',
      'http://peer.dev',
      'http://peer.dev.svc.cluster.local:80',
      'http://10.96.7.11',
      'http://10.244.7.11:8080',
    ]) {
      const client = node(
        `fetch('${url}').then(r => r.text()).then(console.log, e => console.log(String(e.cause ?? e)))`,
        '10.244.7.12',
      );
      expect(await line(client)).toBe('seen 10.244.7.12');
    }
    const esm = join(folder, 'client.mjs');
    await writeFile(
      esm,
      `import { lookup } from 'node:dns/promises'; import http from 'node:http'; http.get('http://localhost:8080', r => r.on('data', async d => console.log(String(d), (await lookup('peer')).address)))`,
    );
    const own = node(`import('node:url').then(u => import(u.pathToFileURL(${JSON.stringify(esm)})))`, '10.244.7.11');
    expect(await line(own)).toBe('seen 10.244.7.11 10.96.7.11');
  });
});

describe('addresses', () => {
  it('are given to several clusters on one host without meeting', async () => {
    const other = await startNetwork({ client: new MemoryKube().client, logger: silentLogger });
    expect(other.hostEndpoint('10.244.0.5', 8080).host).not.toBe(network.hostEndpoint('10.244.0.5', 8080).host);
    const a = network.allocatePodAddress('a');
    expect(network.allocatePodAddress('a')).toBe(a);
    expect(network.allocatePodAddress('b', a)).not.toBe(a);
    network.releasePodAddress('a');
    expect(network.allocatePodAddress('c', a)).toBe(a);
    await other[Symbol.asyncDispose]();
    const refused = createConnection(other.hostEndpoint('10.244.0.1', 10_250));
    await expect(once(refused, 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
