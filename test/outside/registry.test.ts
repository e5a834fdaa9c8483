// The registry as skopeo sees it: push, copy, list, inspect and delete by a client that is not ours.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../platform/core/index.ts';
import { buildImage, hostNodeBase, RegistryClient } from '../../platform/images/index.ts';
import { type Registry, startRegistry } from '../../platform/registry/index.ts';

const hasSkopeo = spawnSync('skopeo', ['--version']).status === 0;
const hasDocker = spawnSync('docker', ['info'], { timeout: 20_000 }).status === 0;
const run = promisify(execFile);

let folder: string;
let registry: Registry;
let digest: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-skopeo-'));
  registry = await startRegistry({
    directory: join(folder, 'registry'),
    port: 0,
    users: { authenticate: async (user, password) => (password === 'right' ? { user, role: user } : undefined) },
    policy: { mayPull: () => true, mayPush: ({ role }) => role === 'bot' },
    logger: silentLogger,
  });
  const files = new Map([['app/main.js', { content: 'console.log(1)\n' }]]);
  const built = await buildImage({ files, base: await hostNodeBase(), created: new Date('2026-01-02T03:04:05Z') });
  using client = new RegistryClient({ url: registry.url, username: 'bot', password: 'right' });
  await client.push('team/app', built, { tags: ['1'] });
  digest = built.digest;
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe.skipIf(!hasSkopeo)('skopeo against the registry (skipped where skopeo is not installed)', () => {
  const skopeo = async (...args: string[]): Promise<string> => {
    const { stdout } = await run('skopeo', ['--insecure-policy', '--tmpdir', folder, ...args]);
    return stdout;
  };
  const image = (name: string): string => `docker://127.0.0.1:${registry.port}/${name}`;
  const from = ['--src-tls-verify=false', '--src-creds', 'bot:right'];
  const to = ['--dest-tls-verify=false', '--dest-creds', 'bot:right'];
  const at = ['--tls-verify=false', '--creds', 'bot:right'];

  it('inspects what our builder made', async () => {
    const shown = JSON.parse(await skopeo('inspect', ...at, image('team/app:1'))) as Record<string, unknown>;
    expect(shown).toMatchObject({ Digest: digest, Os: 'linux', Created: '2026-01-02T03:04:05Z', RepoTags: ['1'] });
  });

  it('copies to another repository, to a folder and back, with the same digest', async () => {
    await skopeo('copy', ...from, ...to, '--preserve-digests', image('team/app:1'), image('other/app:2'));
    await skopeo('copy', ...from, '--preserve-digests', image('other/app:2'), `oci:${join(folder, 'layout')}:2`);
    await skopeo('copy', ...to, '--preserve-digests', `oci:${join(folder, 'layout')}:2`, image('third:3'));
    const shown = JSON.parse(await skopeo('inspect', ...at, image('third:3'))) as { Digest: string };
    expect(shown.Digest).toBe(digest);
  });

  it('pushes compressed and in the format of Docker', async () => {
    await skopeo('copy', ...from, ...to, '--dest-compress', '--format', 'v2s2', image('team/app:1'), image('docker/app:1'));
    const raw = JSON.parse(await skopeo('inspect', '--raw', ...at, image('docker/app:1'))) as { mediaType: string };
    expect(raw.mediaType).toBe('application/vnd.docker.distribution.manifest.v2+json');
  });

  it('lists and deletes', async () => {
    await skopeo('copy', ...from, ...to, image('team/app:1'), image('team/gone:1'));
    expect(JSON.parse(await skopeo('list-tags', ...at, image('team/gone')))).toMatchObject({ Tags: ['1'] });
    await skopeo('delete', ...at, image('team/gone:1'));
    expect(JSON.parse(await skopeo('list-tags', ...at, image('team/gone')))).toMatchObject({ Tags: [] });
  });

  it('refuses a push by somebody who may only pull', async () => {
    const creds = ['--dest-tls-verify=false', '--dest-creds', 'node:right'];
    await expect(skopeo('copy', ...from, ...creds, image('team/app:1'), image('team/app:x'))).rejects.toThrow(/may not push/);
  });
});

describe.skipIf(!hasDocker)('docker against the registry (skipped where no daemon answers)', () => {
  it('logs in, pulls, tags and pushes', async () => {
    const env = { ...process.env, DOCKER_CONFIG: join(folder, 'docker') };
    const docker = async (...args: string[]): Promise<string> => (await run('docker', args, { env })).stdout;
    const address = `127.0.0.1:${registry.port}`;
    await docker('login', '--username', 'bot', '--password', 'right', address);
    try {
      await docker('pull', '--quiet', `${address}/team/app:1`);
      await docker('tag', `${address}/team/app:1`, `${address}/pushed/app:1`);
      await docker('push', '--quiet', `${address}/pushed/app:1`);
    } finally {
      await docker('rmi', '--force', `${address}/team/app:1`, `${address}/pushed/app:1`);
    }
    using client = new RegistryClient({ url: registry.url, username: 'bot', password: 'right' });
    expect(await client.tags('pushed/app')).toEqual(['1']);
  });
});
