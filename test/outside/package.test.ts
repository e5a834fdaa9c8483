// The packed package in an empty folder, as somebody who has no clone gets it: installed with its dependencies from the registry.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformStatus } from '../../platform/api/index.ts';
import { assetPath } from '../../platform/core/index.ts';

const reachable = await execa('npm', ['ping', '--fetch-timeout=10000', '--fetch-retries=0'], {
  reject: false,
  timeout: 30_000,
}).then(
  ({ exitCode }) => exitCode === 0,
  () => false,
);
const MINUTES_MS = 60_000;
const PORTS = ['--port', '--git-port', '--registry-port', '--ingress-port', '--cluster-port'].flatMap(flag => [flag, '0']);

describe.skipIf(!reachable)('npx ./daruma-*.tgz (skipped where no npm registry answers)', () => {
  let folder: string;
  let tarball: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daruma-packed-'));
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await execa('npm', pack, { cwd: assetPath('') });
    tarball = `./${(JSON.parse(stdout) as { filename: string }[])[0]?.filename}`;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('brings the platform up, plays a scenario and takes it down', { timeout: 10 * MINUTES_MS }, async () => {
    const env = { DARUMA_HOME: join(folder, 'home'), npm_config_cache: join(folder, 'cache'), NO_COLOR: '1', CI: 'true' };
    const npx = (...args: string[]) => execa('npx', ['--yes', tarball, ...args], { cwd: folder, env, stdin: 'ignore' });
    const status = JSON.parse((await npx('up', '--detach', '--json', ...PORTS)).stdout) as PlatformStatus;
    try {
      expect(status).toMatchObject({ ready: true, home: env.DARUMA_HOME, simulatedPods: [] });
      expect(status.apps.map(({ name, sync, health }) => [name, sync, health])).toEqual(
        expect.arrayContaining([['demo-dev', 'Synced', 'Healthy']]),
      );
      const { stdout } = await npx('tour', '2');
      expect(stdout).toContain('✓');
    } finally {
      await npx('down', '--purge');
    }
  });
});
