// The platform on a real kind cluster. Skips, saying why, where no container server answers or kind or its image is missing.
import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { kindClusterName } from '../../bootstrap/clusters/kind-record.ts';
import { assetPath } from '../../platform/core/index.ts';
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

describe.skipIf(missing !== undefined)(`on kind${missing ? `: ${missing}` : ''}`, () => {
  it('plays the whole tour, rebuild included, and leaves nothing', { timeout: 480_000 }, async () => {
    const before = await traces();
    const folder = await mkdtemp(join(tmpdir(), 'daruma-kind-tour-'));
    try {
      const { stdout, stderr, exitCode } = await execa(
        process.execPath,
        [assetPath('dist/daruma.js'), 'tour', '--json', ...ON_KIND],
        { reject: false, stdin: 'ignore', env: { NO_COLOR: '1', TMPDIR: folder } },
      );
      const lines = stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
      const summary = lines.pop();
      expect(lines.filter(line => line['status'] !== 'passed')).toEqual([]);
      expect(stderr).toBe('');
      expect(exitCode).toBe(0);
      expect(summary).toMatchObject({ scenarios: 6, steps: lines.length, verified: lines.length, failed: 0 });
      expect(await traces()).toEqual(before);
      const { stdout: processes } = await execa('ps', ['-eo', 'args']);
      expect(processes.split('\n').filter(line => line.includes(folder))).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('refuses a cluster that is not its own, mends what was cut off, tells who drifted, stops, resumes, purges', {
    timeout: 480_000,
  }, async () => {
    const before = await traces();
    await using platform = await TestPlatform.prepare();
    const cluster = kindClusterName('local', await realpath(platform.home));
    const nodes = () => docker('ps', '-q', '--filter', `label=${CLUSTER_LABEL}=${cluster}`);

    // Somebody else's node of that name is refused and left alone.
    const foreign = await docker('create', '--label', `${CLUSTER_LABEL}=${cluster}`, '--name', `${cluster}-control-plane`, IMAGE);
    try {
      const refused = await platform.run('up', '--detach', ...ON_KIND, ...ANY_PORTS);
      expect(refused.exitCode).toBe(4);
      expect(refused.stderr).toContain(`kind cluster ${cluster} that was not made from this home`);
      expect(await docker('ps', '-aq', '--no-trunc', '--filter', `id=${foreign}`)).toBe(foreign);
    } finally {
      await docker('rm', '-f', '-v', foreign);
    }

    // Killed in the middle of the creation; the next start clears that away and goes on.
    const killed = platform.start('up');
    await expect.poll(nodes, { timeout: DEADLINE_MS, interval: 200 }).not.toBe('');
    killed.kill('SIGKILL');
    await killed;
    const first = await platform.up();
    expect(first).toMatchObject({ provider: 'kind', ready: true });
    const versionOf = async (environment: string) => (await platform.http(`demo.${environment}.localhost`, '/version')).status;
    for (const environment of ['dev', 'staging', 'prod']) expect(await versionOf(environment)).toBe(200);

    // The audit trail of the API server names who drifted.
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

    // Stopped, nothing of it runs; started again, it is the same cluster on the same ports.
    const uid = async () => (await platform.kubectl('get', 'namespace', 'prod', '-o', 'jsonpath={.metadata.uid}')).stdout;
    const prod = await uid();
    expect((await platform.run('down')).exitCode).toBe(0);
    expect(await nodes()).toBe('');
    const again = await platform.up();
    expect({ ...again, pid: 0, apps: [] }).toEqual({ ...first, pid: 0, apps: [] });
    expect(await uid()).toBe(prod);
    for (const environment of ['dev', 'staging', 'prod'])
      await expect.poll(() => versionOf(environment).catch(() => 0), { timeout: DEADLINE_MS }).toBe(200);
    expect(await readFile(join(platform.home, 'kubeconfig'), 'utf8')).toContain(cluster);

    expect(await platform.run('down', '--purge')).toMatchObject({ exitCode: 0 });
    expect(await traces()).toEqual(before);
  });
});
