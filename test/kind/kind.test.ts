// The platform on a real kind cluster. Skips, saying why, where no container server answers or kind or its image is missing.
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindClusterName } from '../../bootstrap/clusters/kind-record.ts';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';

const IMAGE = process.env['DARUMA_KIND_IMAGE'] ?? 'daruma.test/kindnode:v1.34.4';
const ON_KIND = ['--cluster', 'kind', '--image', IMAGE];
const ANY_PORTS = ['--port', '0', '--git-port', '0', '--registry-port', '0', '--ingress-port', '0', '--cluster-port', '0'];
const CLUSTER_LABEL = 'io.x-k8s.kind.cluster';

async function whatIsMissing(): Promise<string | undefined> {
  const quiet = { reject: false, timeout: 15_000 } as const;
  if ((await execa('docker', ['ps', '-q'], quiet)).exitCode !== 0) return 'no docker server answers';
  if ((await execa('kind', ['version'], quiet)).exitCode !== 0) return 'kind is not installed';
  if ((await execa('docker', ['image', 'inspect', IMAGE], quiet)).exitCode !== 0) return `docker has no image ${IMAGE}`;
  return undefined;
}

const missing = await whatIsMissing();
if (missing) process.stderr.write(`skipped: the platform on kind, since ${missing}\n`);

async function docker(...args: string[]): Promise<string> {
  return (await execa('docker', args)).stdout;
}

/** Everything that a cluster could leave in docker. */
async function traces(): Promise<string[]> {
  const lists = await Promise.all([
    docker('ps', '-a', '--format', 'container {{.Names}}'),
    docker('network', 'ls', '--format', 'network {{.Name}}'),
    docker('volume', 'ls', '--format', 'volume {{.Name}}'),
  ]);
  return lists.flatMap(text => text.split('\n').filter(line => line !== '')).sort();
}

const environments = ['dev', 'staging', 'prod'];
const LONG_MS = 300_000;

// One platform goes through all of it, in this order.
describe.skipIf(missing !== undefined)(`on kind${missing ? `: ${missing}` : ''}`, () => {
  let before: string[] = [];
  let platform: TestPlatform;
  let cluster = '';
  const nodes = () => docker('ps', '-q', '--filter', `label=${CLUSTER_LABEL}=${cluster}`);
  const answer = async (environment: string) =>
    (await platform.http(`demo.${environment}.localhost`, '/version').catch(() => undefined))?.status;

  beforeAll(async () => {
    before = await traces();
    platform = await TestPlatform.prepare();
    cluster = kindClusterName('local', await realpath(platform.home));
  });
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
  });

  it("refuses a cluster of its name that is somebody else's, and leaves it alone", async () => {
    const foreign = await docker('create', '--label', `${CLUSTER_LABEL}=${cluster}`, '--name', `${cluster}-control-plane`, IMAGE);
    try {
      const refused = await platform.run('up', '--detach', ...ON_KIND, ...ANY_PORTS);
      expect(refused.stderr).toContain(`kind cluster ${cluster} that was not made from this home`);
      expect(refused.exitCode).toBe(4);
      expect(await docker('ps', '-aq', '--no-trunc', '--filter', `id=${foreign}`)).toBe(foreign);
    } finally {
      await docker('rm', '-f', '-v', foreign);
    }
  });

  it(
    'comes up after a creation that was killed',
    async () => {
      const killed = platform.start('up');
      await expect.poll(nodes, { timeout: DEADLINE_MS, interval: 200 }).not.toBe('');
      killed.kill('SIGKILL');
      await killed;
      expect(await platform.up()).toMatchObject({ provider: 'kind', ready: true });
      for (const environment of environments) expect(await answer(environment)).toBe(200);
    },
    LONG_MS,
  );

  it('tells by the audit log of the API server who drifted', async () => {
    const scaled = await platform.kubectl(
      ...['--as', 'eve', '--as-group', 'system:masters', '--namespace', 'dev', 'scale', 'deployment/demo', '--replicas', '3'],
    );
    expect(scaled).toMatchObject({ exitCode: 0 });
    await expect
      .poll(async () => JSON.parse((await platform.run('drift', '-o', 'json')).stdout) as unknown[], { timeout: DEADLINE_MS })
      .toContainEqual(
        expect.objectContaining({
          application: 'demo-dev',
          by: expect.objectContaining({ source: 'audit', user: 'eve', verb: 'patch' }),
          healedAt: expect.any(String),
        }),
      );
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy', replicas: { ready: 1, wanted: 1 } });
  });

  it(
    'plays the whole tour, the rebuild included',
    async () => {
      const { stdout, stderr, exitCode } = await platform.run('tour', '--json');
      expect(stderr).toBe('');
      const lines = stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
      const summary = lines.pop();
      expect(lines.filter(line => line['status'] !== 'passed')).toEqual([]);
      expect(exitCode).toBe(0);
      expect(summary).toMatchObject({ scenarios: 6, steps: lines.length, verified: lines.length, failed: 0 });
    },
    LONG_MS,
  );

  it(
    'stops its nodes and resumes the same cluster on the same ports',
    async () => {
      const uid = async () => (await platform.kubectl('get', 'namespace', 'prod', '-o', 'jsonpath={.metadata.uid}')).stdout;
      const { status } = platform;
      const prod = await uid();
      expect(prod).not.toBe('');
      expect((await platform.run('down')).exitCode).toBe(0);
      expect(await nodes()).toBe('');
      const again = await platform.up();
      expect({ ...again, pid: 0, apps: [] }).toEqual({ ...status, pid: 0, apps: [] });
      expect(await uid()).toBe(prod);
      for (const environment of environments) await expect.poll(() => answer(environment), { timeout: DEADLINE_MS }).toBe(200);
    },
    LONG_MS,
  );

  it('leaves no container, network, volume, process or file when it is purged', async () => {
    expect(await platform.run('down', '--purge')).toMatchObject({ exitCode: 0 });
    expect(await traces()).toEqual(before);
    expect(existsSync(platform.home)).toBe(false);
    const { stdout: processes } = await execa('ps', ['-eo', 'args']);
    expect(processes.split('\n').filter(line => line.includes(platform.home))).toEqual([]);
  });
});
