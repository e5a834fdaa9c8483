// The platform and the tour by a user who may do nothing special: no root, no capabilities, a home of its own.
import { spawnSync } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformStatus } from '../../platform/api/index.ts';
import { assetPath } from '../../platform/core/index.ts';

const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody'], { encoding: 'utf8' }).stdout);
const canSwitch = process.getuid?.() === 0 && spawnSync('setpriv', ['--version']).status === 0 && id('-u') > 0;
const MINUTES_MS = 60_000;
const PORTS = ['--port', '--git-port', '--registry-port', '--ingress-port', '--cluster-port'].flatMap(flag => [flag, '0']);

describe.skipIf(!canSwitch)('as the user nobody (skipped where this user cannot become another)', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daruma-nobody-'));
    await chmod(folder, 0o755);
    const home = join(folder, 'home');
    await mkdir(home, { mode: 0o700 });
    await chown(home, id('-u'), id('-g'));
    // A copy that the other user can read, wherever this checkout is.
    const program = join(folder, 'daruma');
    await mkdir(program);
    for (const part of ['dist', 'templates', 'scenarios', 'schemas', 'package.json'])
      await cp(assetPath(part), join(program, part), { recursive: true });
    await symlink(assetPath('node_modules'), join(program, 'node_modules'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const daruma = (...args: string[]) => {
    const drop = [
      '--reuid',
      String(id('-u')),
      '--regid',
      String(id('-g')),
      '--clear-groups',
      '--inh-caps=-all',
      '--bounding-set=-all',
    ];
    const program = [process.execPath, join(folder, 'daruma', 'dist', 'daruma.js'), ...args];
    return execa('setpriv', [...drop, '--no-new-privs', '--', ...program], {
      reject: false,
      stdin: 'ignore',
      cwd: join(folder, 'home'),
      extendEnv: false,
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: join(folder, 'home'),
        TMPDIR: join(folder, 'home'),
        NO_COLOR: '1',
        CI: 'true',
      },
    });
  };

  it('comes up with real containers and goes down without a trace', { timeout: 4 * MINUTES_MS }, async () => {
    const up = await daruma('up', '--detach', '--json', ...PORTS);
    expect(up.stderr).toBe('');
    const status = JSON.parse(up.stdout) as PlatformStatus;
    try {
      expect(status).toMatchObject({ ready: true, simulatedPods: [] });
      expect(status.apps.find(({ name }) => name === 'demo-dev')).toMatchObject({ sync: 'Synced', health: 'Healthy' });
      expect(status.home.startsWith(join(folder, 'home'))).toBe(true);
    } finally {
      expect((await daruma('down', '--purge')).exitCode).toBe(0);
    }
  });

  it('plays the whole tour', { timeout: 6 * MINUTES_MS }, async () => {
    const { exitCode, stdout, stderr } = await daruma('tour', '--json');
    const failed = stdout.split('\n').filter(line => line.includes('"failed"') && !line.includes('"failed":0'));
    expect({ exitCode, failed, stderr }).toEqual({ exitCode: 0, failed: [], stderr: '' });
  });
});
