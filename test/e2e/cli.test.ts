// The command line where things are not as hoped: nothing runs, readers leave, names are unknown, branches are protected.
import { rm } from 'node:fs/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';
import { WorkingCopy } from '../drivers/working-copy.ts';

const ANY_PORTS = ['--port', '0', '--git-port', '0', '--registry-port', '0', '--ingress-port', '0', '--cluster-port', '0'];

describe('without a platform', () => {
  let platform: TestPlatform;
  beforeAll(async () => void (platform = await TestPlatform.prepare()));
  afterAll(() => rm(platform.home, { recursive: true, force: true }));

  it(
    'every command says that nothing runs, and how to start',
    async () => {
      const lines = [
        ...[
          'status',
          'status --json',
          'status --watch',
          'apps',
          'apps x',
          'sync x',
          'history x',
          'rollback x',
          'drift',
          'events',
        ],
        ...['events --follow', 'runs', 'runs 1', 'rebuild --yes', 'logs', 'logs git --follow', 'protect x', 'credentials'],
        ...['kubeconfig', 'diff x'],
      ];
      for (const line of lines) {
        const { exitCode, stdout, stderr } = await platform.run(...line.split(' '));
        // `diff` keeps the exit codes of diff, where 2 is an error.
        expect({ line, exitCode, stdout }).toEqual({ line, exitCode: line === 'diff x' ? 2 : 3, stdout: '' });
        expect(stderr).toMatch(/no daruma runs on|has no (credentials|cluster) yet/);
        expect(stderr).toContain('try: daruma up');
      }
      expect((await platform.run('down')).exitCode).toBe(0);
    },
    DEADLINE_MS,
  );

  it(
    'wrong use is named',
    async () => {
      for (const [line, why] of [
        ['nothing', "unknown command 'nothing'"],
        ['sync', "missing required argument 'app'"],
        ['sync x --bogus', "unknown option '--bogus'"],
        ['up --port x', 'a port is a number'],
        ['events --since x', 'not a whole number'],
        ['rollback x y', 'y is not an id of the history'],
        ['protect x --off --roles lead', '--off takes the protection away'],
        ['completion tcsh', 'there is no completion for tcsh'],
        ['ui', 'needs a terminal'],
        ['apps -o xml', 'Allowed choices are text, json'],
      ] as const) {
        const { exitCode, stderr } = await platform.run(...line.split(' '));
        expect(stderr).toContain(why);
        expect({ line, exitCode }).toEqual({ line, exitCode: 2 });
      }
    },
    DEADLINE_MS,
  );

  it('prints completions that shells can read', async () => {
    const { stdout } = await platform.run('completion', 'bash');
    expect(stdout).toContain('protect');
    await execa('bash', ['-n'], { input: stdout });
  });
});

describe('with a platform', () => {
  let platform: TestPlatform;
  beforeAll(async () => void (platform = await TestPlatform.up(...ANY_PORTS)), DEADLINE_MS);
  afterAll(() => platform?.[Symbol.asyncDispose](), DEADLINE_MS);

  it(
    'ends without a word when its reader leaves',
    async () => {
      for (const line of ['events', 'logs', 'status', 'apps -o json', '--help']) {
        const command = `"${process.execPath}" "${assetPath('dist/daruma.js')}" ${line} | head -c 1 >/dev/null; exit "\${PIPESTATUS[0]}"`;
        const { exitCode, stderr } = await execa('bash', ['-c', command], {
          reject: false,
          stdin: 'ignore',
          timeout: 60_000,
          env: { DARUMA_HOME: platform.home, NO_COLOR: '1' },
        });
        expect({ line, exitCode, stderr }).toEqual({ line, exitCode: 0, stderr: '' });
      }
    },
    DEADLINE_MS,
  );

  it(
    'names what it does not know',
    async () => {
      for (const line of ['apps nobody', 'sync nobody', 'history nobody', 'rollback nobody', 'runs 999', 'protect nobody']) {
        const { exitCode, stderr } = await platform.run(...line.split(' '));
        expect(stderr).toMatch(/nobody|999/);
        expect({ line, exitCode }).toEqual({ line, exitCode: 1 });
      }
      const unknown = await platform.run('--user', 'nobody', 'apps');
      expect(unknown.stderr).toContain('there is no user nobody');
      expect(unknown.exitCode).toBe(1);
    },
    DEADLINE_MS,
  );

  it(
    'keeps a branch for some roles, says so in the output of git push, and lets it go',
    async () => {
      const done = await platform.run('protect', 'demo-app');
      expect(done).toMatchObject({ exitCode: 0, stderr: '' });
      expect(done.stdout).toContain('main of demo-app is protected: lead may push');
      expect(await platform.api().protections('demo-app')).toEqual([{ branch: 'main', roles: ['lead'] }]);

      await using theirs = await WorkingCopy.clone(platform.gitUrl('demo-app', 'dev'));
      await theirs.commit('NOTES.md', () => 'notes\n', 'Add notes');
      await expect(theirs.push('origin', 'HEAD:main')).rejects.toThrow(/main is protected: only lead may push to it/);
      await theirs.push('origin', 'HEAD:notes');

      await using ours = await WorkingCopy.clone(platform.gitUrl('demo-app'));
      await expect(ours.push('origin', '--delete', 'main')).rejects.toThrow(/main is protected: it cannot be deleted/);
      await ours.git('commit', '--quiet', '--amend', '--allow-empty', '-m', 'Another history');
      await expect(ours.push('--force', 'origin', 'HEAD:main')).rejects.toThrow(/its history cannot be replaced/);

      for (const [args, code, why] of [
        [['--user', 'dev', 'protect', 'demo-app', '--off'], 5, 'dev may not change who pushes'],
        [['protect', 'demo-app', '--roles', 'boss'], 1, 'there is no role boss'],
        [['protect', 'demo-app', 'a..b'], 1, 'cannot be the name of a branch'],
      ] as const) {
        const { exitCode, stderr } = await platform.run(...args);
        expect(stderr).toContain(why);
        expect(exitCode).toBe(code);
      }
      const both = await platform.run('protect', 'demo-app', 'release/1', '--roles', 'lead,developer', '-o', 'json');
      expect(JSON.parse(both.stdout)).toEqual([
        { branch: 'main', roles: ['lead'] },
        { branch: 'release/1', roles: ['lead', 'developer'] },
      ]);

      expect((await platform.run('protect', 'demo-app', '--off')).stdout).toContain('main of demo-app is no longer protected');
      await theirs.push('origin', 'HEAD:main');
      const events = await platform.api().events();
      expect(events.filter(({ type }) => type === 'git.protection').map(({ actor }) => actor)).toEqual(['lead', 'lead', 'lead']);
    },
    DEADLINE_MS,
  );
});
