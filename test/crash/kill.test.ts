// Kills the appliance and the cluster host at random moments under load: what was acknowledged is there after the next `up`.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { hasKubectl, Kubectl } from '../drivers/kubectl.ts';
import { TestPlatform } from '../drivers/platform.ts';
import { WorkingCopy } from '../drivers/working-copy.ts';

const ROUNDS = 10;
const LIMIT_MS = 170_000;
const ANY_PORTS = ['--port', '0', '--git-port', '0', '--registry-port', '0', '--ingress-port', '0', '--cluster-port', '0'];

/** Pushes commit after commit until one fails; remembers the last that git said was stored. */
async function pushing(copy: WorkingCopy, round: number, acknowledged: { sha: string }): Promise<void> {
  for (let n = 0; ; n++) {
    const sha = await copy.commit('README.md', text => `${text}\nRound ${round}, change ${n}.\n`, `Change ${round}.${n}`);
    const { exitCode } = await execa('git', ['push', '--quiet', 'origin', 'HEAD:main'], { cwd: copy.folder, reject: false });
    if (exitCode !== 0) return;
    acknowledged.sha = sha;
  }
}

/** Creates and changes ConfigMaps until one is refused; remembers what each that was acknowledged holds. */
async function writing(k: Kubectl, round: number, acknowledged: Map<string, string>): Promise<void> {
  for (let n = 0; ; n++) {
    const name = `r${round}-${n}`;
    const created = await k.run(['create', 'configmap', name, '--from-literal=value=first']);
    if (created.exitCode !== 0) return;
    acknowledged.set(name, 'first');
    const patched = await k.run(['patch', 'configmap', name, '--type=merge', '-p', '{"data":{"value":"second"}}']);
    if (patched.exitCode !== 0) return void acknowledged.set(name, 'first or second');
    acknowledged.set(name, 'second');
  }
}

async function killed(platform: TestPlatform, which: 'appliance' | 'cluster host' | 'both'): Promise<void> {
  if (which !== 'cluster host') process.kill(platform.status.pid, 'SIGKILL');
  if (which === 'appliance') return;
  const host = JSON.parse(await readFile(join(platform.home, 'cluster-host.json'), 'utf8')) as { pid: number };
  process.kill(host.pid, 'SIGKILL');
}

it.skipIf(!hasKubectl)(
  `${ROUNDS} kills under load lose no acknowledged push and no acknowledged object (skipped where kubectl is not installed)`,
  { timeout: LIMIT_MS * 2 },
  async () => {
    await using platform = await TestPlatform.up(...ANY_PORTS);
    await using k = await Kubectl.on(platform.status.kubeconfig);
    const objects = new Map<string, string>();
    const push = { sha: '' };
    const started = performance.now();
    let round = 0;
    for (; round < ROUNDS && performance.now() - started < LIMIT_MS; round++) {
      await using copy = await WorkingCopy.clone(platform.gitUrl('demo-app'));
      const which = (['appliance', 'both', 'cluster host'] as const)[round % 3] ?? 'both';
      const load = [pushing(copy, round, push), writing(k, round, objects)];
      // A failure below is what the test tells, not what its load makes of it.
      for (const one of load) one.catch(() => {});
      const before = objects.size;
      await expect.poll(() => objects.size, { timeout: 60_000, interval: 10 }).toBeGreaterThan(before);
      // A moment that nobody chose: the killer's own randomness is what this tests.
      await delay(Math.random() * 500);
      await killed(platform, which);
      if (which === 'cluster host') {
        // The appliance starts it again; pushes went on meanwhile, and end by a kill of their own.
        await load[1];
        await killed(platform, 'appliance');
      }
      await Promise.all(load);
      await platform.up();

      await using fresh = await WorkingCopy.clone(platform.gitUrl('demo-app'));
      if (push.sha) await fresh.git('merge-base', '--is-ancestor', push.sha, 'origin/main');
      await fresh.git('fsck', '--strict');
      const { items } = await k.json<{ items: { metadata: { name: string }; data: { value: string } }[] }>('get configmaps');
      const held = new Map(items.map(({ metadata, data }) => [metadata.name, data.value]));
      for (const [name, value] of objects) {
        if (value === 'first or second') expect(['first', 'second']).toContain(held.get(name));
        else expect(`${name}=${held.get(name)}`).toBe(`${name}=${value}`);
      }
    }
    expect(objects.size).toBeGreaterThan(round);
    expect(push.sha).not.toBe('');
    for (const name of ['demo-dev', 'demo-staging', 'demo-prod'])
      await platform.application(name, { health: 'Healthy' }, { timeoutMs: 60_000 });
  },
);
