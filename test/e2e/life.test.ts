// What a platform survives: being stopped, being killed at any moment, and being started wrongly.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';
import { WorkingCopy } from '../drivers/working-copy.ts';

const ANY_PORTS = ['--port', '0', '--git-port', '0', '--registry-port', '0', '--ingress-port', '0', '--cluster-port', '0'];

it(
  'down stops everything, up resumes it on the same ports, kill -9 loses nothing',
  async () => {
    await using platform = await TestPlatform.up(...ANY_PORTS);
    const first = platform.status;
    expect((await platform.run('down')).exitCode).toBe(0);
    expect((await platform.run('status')).exitCode).toBe(3);
    const again = await platform.up();
    expect({ ...again, pid: 0 }).toEqual({ ...first, pid: 0 });

    // A push is acknowledged, and everything is killed while it is being deployed.
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-gitops'));
    const sha = await copy.commit(
      'apps/demo/overlays/dev/kustomization.yaml',
      text => text.replace('count: 1', 'count: 2'),
      'Run two in dev',
    );
    await copy.push('origin', 'main');
    const host = JSON.parse(await readFile(join(platform.home, 'cluster-host.json'), 'utf8')) as { pid: number };
    process.kill(platform.status.pid, 'SIGKILL');
    process.kill(host.pid, 'SIGKILL');
    await platform.up();
    await platform.application('demo-dev', {
      sync: 'Synced',
      health: 'Healthy',
      revision: sha,
      replicas: { ready: 2, wanted: 2 },
    });
    expect((await platform.http('demo.dev.localhost', '/version')).status).toBe(200);

    // No process of the killed one is left: each pod runs once.
    const { stdout } = await execa('ps', ['-eo', 'args']);
    expect(
      stdout.split('\n').filter(line => line.includes(platform.home) && line.includes('cluster host')).length,
    ).toBeLessThanOrEqual(1);

    // The appliance alone is killed: its host is still ending when the next start wants the same ports.
    process.kill(platform.status.pid, 'SIGKILL');
    await platform.up();
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy', revision: sha });

    // The cluster host alone is killed: it comes back under the running platform.
    const current = JSON.parse(await readFile(join(platform.home, 'cluster-host.json'), 'utf8')) as { pid: number };
    process.kill(current.pid, 'SIGKILL');
    await expect
      .poll(async () => (await platform.kubectl('get', '--raw', '/readyz')).stdout, { timeout: DEADLINE_MS })
      .toBe('ok');
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy' });
    await expect
      .poll(async () => (await platform.http('demo.dev.localhost', '/version').catch(() => ({ status: 0 }))).status, {
        timeout: DEADLINE_MS,
      })
      .toBe(200);
  },
  DEADLINE_MS * 3,
);

it('a wrong start says what is wrong and how to mend it', async () => {
  await using platform = await TestPlatform.prepare();
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const taken = await platform.run('up', '--detach', '--registry-port', String(port));
  server.close();
  expect(taken.exitCode).toBe(4);
  expect(taken.stderr).toMatch(new RegExp(`port ${port} is in use by another program \\(pid ${process.pid}, \\S+`));
  expect(taken.stderr).toContain('--registry-port');

  const file = join(platform.home, 'file');
  await writeFile(file, '');
  const unwritable = await platform.run('--home', join(file, 'home'), 'up', '--detach');
  expect(unwritable.exitCode).toBe(1);
  expect(unwritable.stderr).toContain('cannot be written');

  const noGit = await execa(process.execPath, [new URL('../../dist/daruma.js', import.meta.url).pathname, 'up', '--detach'], {
    reject: false,
    extendEnv: false,
    env: { PATH: '/nonexistent', DARUMA_HOME: platform.home, NO_COLOR: '1' },
  });
  expect(noGit.exitCode).toBe(1);
  expect(noGit.stderr).toContain('git');
  expect(noGit.stderr).toContain('try:');
});

it(
  'ends by Ctrl-C in the foreground and leaves nothing running',
  async () => {
    await using platform = await TestPlatform.prepare();
    const child = platform.start('up', ...ANY_PORTS);
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on('data', (chunk: Buffer) => void (String(chunk).includes('Ctrl-C') && resolve()));
      void child.then(result => reject(new Error(`it ended: ${String(result.stderr)}`)));
    });
    child.kill('SIGINT');
    expect((await child).exitCode).toBe(0);
    const left = await new Promise<string>(resolve => execFile('ps', ['-eo', 'args'], (_error, stdout) => resolve(stdout)));
    expect(left.split('\n').filter(line => line.includes(platform.home))).toEqual([]);
  },
  DEADLINE_MS,
);
