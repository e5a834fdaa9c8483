// What is read from and written for docker, kind, containerd and the API server's audit log.
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { silentLogger } from '../../platform/core/index.ts';
import type { AuditedWrite } from '../../platform/gitops/index.ts';
import { AuditLogTail, auditedWrite, auditPolicy } from './audit-log.ts';
import { kindFailure, kindStep } from './container-tools.ts';
import { kindConfig } from './kind-config.ts';
import { nodesFromInspect } from './kind-nodes.ts';
import { kindClusterName } from './kind-record.ts';
import { hostsToml } from './registry-hosts.ts';

const folders = { registryHosts: '/home/certs.d', auditPolicy: '/home/policy', auditLog: '/home/audit' };

it('reads steps and failures from what kind says', () => {
  expect(kindStep(' • Ensuring node image (kindest/node:v1.34.0) 🖼  ...')).toBe('Ensuring node image (kindest/node:v1.34.0)');
  expect(kindStep(' • Starting control-plane 🕹️  ...')).toBe('Starting control-plane');
  expect(kindStep(' ✓ Preparing nodes 📦 ')).toBeUndefined();
  expect(kindStep('Creating cluster "kind" ...')).toBeUndefined();
  const create = ['create', 'cluster', '--name', 'x'];
  expect(
    kindFailure(create, [
      'ERROR: failed to create cluster: command "docker run" failed with error: exit status 125',
      'docker: Error response from daemon: Bind for 127.0.0.1:7443 failed: port is already allocated.',
    ]),
  ).toMatchObject({ code: 'PORT_IN_USE', hint: expect.stringContaining('--cluster-port') });
  expect(
    kindFailure(create, ['ERROR: failed to create cluster: failed to pull image "kindest/node:v1": exit status 1']),
  ).toMatchObject({
    code: 'NOT_FOUND',
    hint: expect.stringContaining('--image'),
  });
  expect(kindFailure(create, ['something else'])).toMatchObject({ message: 'kind create cluster: something else' });
});

it('adds mounts, registry hosts and audit to a configuration, and keeps what the user wrote', () => {
  const plain = parse(kindConfig({ nodes: 2, apiServerPort: 7443, folders }));
  expect(plain.nodes.map((node: { role: string }) => node.role)).toEqual(['control-plane', 'worker']);
  expect(plain.networking).toEqual({ apiServerAddress: '127.0.0.1', apiServerPort: 7443 });
  const paths = (node: { extraMounts: { containerPath: string }[] }) => node.extraMounts.map(mount => mount.containerPath);
  expect(paths(plain.nodes[0])).toEqual(['/etc/containerd/certs.d', '/etc/kubernetes/daruma', '/var/log/daruma']);
  expect(paths(plain.nodes[1])).toEqual(['/etc/containerd/certs.d']);

  const own = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: 10.0.0.0/16}
featureGates: {X: true}
kubeadmConfigPatches: ['kind: KubeletConfiguration']
nodes: [{role: control-plane, extraPortMappings: [{hostPort: 1, containerPort: 2}]}]
`;
  const merged = parse(kindConfig({ own, apiServerPort: 1, folders }));
  expect(merged.networking.podSubnet).toBe('10.0.0.0/16');
  expect(merged.featureGates).toEqual({ X: true });
  expect(merged.nodes[0].extraPortMappings).toHaveLength(1);
  expect(merged.kubeadmConfigPatches).toHaveLength(2);
  expect(() => kindConfig({ own, nodes: 2, apiServerPort: 1, folders })).toThrow('lists its nodes already');
  expect(() => kindConfig({ own: 'kind: Pod', apiServerPort: 1, folders })).toThrow('no Cluster');
  expect(() => kindConfig({ own: '{', apiServerPort: 1, folders })).toThrow('not YAML');
  expect(() => kindConfig({ nodes: 0, apiServerPort: 1, folders })).toThrow('at least one node');
});

it('reads nodes as the container runtime inspects them', () => {
  const node = {
    Name: '/x-control-plane',
    State: { Running: true, StartedAt: '2026-01-01T00:00:00.5Z' },
    Config: { Labels: { 'io.x-k8s.kind.role': 'control-plane' } },
    Mounts: [{ Source: '/home/certs.d' }, {}],
    NetworkSettings: { Networks: { kind: { Gateway: '172.18.0.1' } } },
  };
  const stopped = { Name: 'x-worker', State: { Running: false }, NetworkSettings: { Networks: { kind: { Gateway: '' } } } };
  expect(nodesFromInspect(JSON.stringify([node, stopped]))).toEqual([
    {
      name: 'x-control-plane',
      role: 'control-plane',
      running: true,
      startedAt: new Date('2026-01-01T00:00:00.5Z'),
      mounts: ['/home/certs.d', ''],
      gateway: '172.18.0.1',
      network: 'kind',
    },
    { name: 'x-worker', role: '', running: false, startedAt: new Date(0), mounts: [], network: 'kind' },
  ]);
});

it('names clusters apart by home, short enough for host names', () => {
  const name = kindClusterName('a'.repeat(32), '/some/home');
  expect(`${name}-control-plane`.length).toBeLessThanOrEqual(63);
  expect(name).not.toBe(kindClusterName('a'.repeat(32), '/other/home'));
});

it('writes registry hosts with the CA and the credential', () => {
  expect(
    hostsToml({ url: 'https://172.18.0.1:5', caPath: '/x/ca.crt', credential: 'node:secret' }),
  ).toBe(`server = "https://172.18.0.1:5"

[host."https://172.18.0.1:5"]
  capabilities = ["pull", "resolve"]
  ca = "/x/ca.crt"
  [host."https://172.18.0.1:5".header]
    Authorization = "Basic bm9kZTpzZWNyZXQ="
`);
});

function event(fields: Record<string, unknown>): string {
  return JSON.stringify({
    kind: 'Event',
    stage: 'ResponseComplete',
    requestURI: '/apis/apps/v1/namespaces/dev/deployments/demo?fieldManager=kubectl',
    verb: 'patch',
    user: { username: 'kubernetes-admin' },
    sourceIPs: ['172.18.0.1'],
    userAgent: 'kubectl/v1.34.4',
    objectRef: { resource: 'deployments', namespace: 'dev', name: 'demo', apiGroup: 'apps', uid: 'u1', resourceVersion: '1' },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: '2026-01-01T00:00:00.000000Z',
    responseObject: { metadata: { name: 'demo', uid: 'u1', resourceVersion: '7' } },
    ...fields,
  });
}

it('reads a write from the audit log: who, and the version that came of it', () => {
  expect(parse(auditPolicy)).toMatchObject({ kind: 'Policy', omitManagedFields: true, omitStages: ['RequestReceived'] });
  expect(auditedWrite(event({}))).toEqual({
    group: 'apps',
    resource: 'deployments',
    namespace: 'dev',
    name: 'demo',
    uid: 'u1',
    resourceVersion: '7',
    by: {
      verb: 'patch',
      user: 'kubernetes-admin',
      client: 'kubectl/v1.34.4',
      sourceAddress: '172.18.0.1',
      time: '2026-01-01T00:00:00.000000Z',
    },
  });
  expect(auditedWrite(event({ impersonatedUser: { username: 'eve' } }))?.by.user).toBe('eve');
  const created = {
    verb: 'create',
    objectRef: { resource: 'pods', namespace: 'dev' },
    responseObject: { metadata: { name: 'p-1' } },
  };
  expect(auditedWrite(event(created))).toMatchObject({ group: '', name: 'p-1' });
  const deleted = { verb: 'delete', responseObject: { kind: 'Status', metadata: {}, details: { uid: 'u2' } } };
  expect(auditedWrite(event(deleted))).toMatchObject({ uid: 'u2', by: { verb: 'delete' } });
  expect(auditedWrite(event(deleted))).not.toHaveProperty('resourceVersion');
  for (const ignored of [
    event({ verb: 'get' }),
    event({ stage: 'RequestReceived' }),
    event({ responseStatus: { code: 409 } }),
    event({ requestURI: '/apis/apps/v1/namespaces/dev/deployments/demo?dryRun=All' }),
    event({}).slice(0, 50),
    '',
  ])
    expect(auditedWrite(ignored)).toBeUndefined();
});

it('follows the audit log from its end, over torn lines and a rotation', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-audit-'));
  try {
    const path = join(folder, 'audit.log');
    const named = (name: string) => `${event({ objectRef: { resource: 'pods', name } })}\n`;
    await writeFile(path, named('before'));
    await using tail = await AuditLogTail.start(path, silentLogger);
    const seen: AuditedWrite[] = [];
    const stop = new AbortController();
    tail.follow(write => seen.push(write), { signal: stop.signal });
    const names = () => seen.map(write => write.name);
    const whole = named('torn');
    await appendFile(path, named('first') + whole.slice(0, 40));
    await vi.waitFor(() => expect(names()).toEqual(['first']), { timeout: 15_000 });
    await appendFile(path, whole.slice(40));
    await vi.waitFor(() => expect(names()).toEqual(['first', 'torn']), { timeout: 15_000 });
    await appendFile(path, named('last-of-old'));
    await rename(path, join(folder, 'audit-old.log'));
    await writeFile(path, named('first-of-new'));
    await vi.waitFor(() => expect(names()).toEqual(['first', 'torn', 'last-of-old', 'first-of-new']), { timeout: 15_000 });
    stop.abort();
    await appendFile(path, named('unheard'));
    expect(names()).toHaveLength(4);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
