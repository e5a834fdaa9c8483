// The whole platform by its command line, the plain git client, kubectl and HTTP.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplicationView, DriftView } from '../../platform/api/index.ts';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';
import { WorkingCopy } from '../drivers/working-copy.ts';

let platform: TestPlatform;
beforeAll(async () => {
  platform = await TestPlatform.up(
    '--port',
    '0',
    '--git-port',
    '0',
    '--registry-port',
    '0',
    '--ingress-port',
    '0',
    '--cluster-port',
    '0',
  );
}, DEADLINE_MS);
afterAll(() => platform?.[Symbol.asyncDispose](), DEADLINE_MS);

const environments = ['dev', 'staging', 'prod'] as const;
const replicas = { dev: 1, staging: 2, prod: 3 };

describe('a platform that is up', () => {
  it('tells what it is, as documented', async () => {
    const status = JSON.parse((await platform.run('status', '--json')).stdout) as Record<string, unknown>;
    expect(status).toMatchObject({
      home: platform.home,
      provider: 'embedded',
      ready: true,
      git: { repositories: ['demo-app', 'demo-gitops'] },
      simulatedPods: [],
    });
    const apps = status['apps'] as {
      name: string;
      environment: string;
      sync: string;
      health: string;
      revision: string;
      drift: number;
    }[];
    for (const environment of environments) {
      expect(apps.find(app => app.name === `demo-${environment}`)).toMatchObject({
        environment,
        sync: 'Synced',
        health: 'Healthy',
        drift: 0,
      });
    }
  });

  it('answers HTTP in three environments', async () => {
    for (const environment of environments) {
      const { status, body } = await platform.http(`demo.${environment}.localhost`, '/version');
      expect(status).toBe(200);
      expect(JSON.parse(body)).toHaveProperty('version');
    }
  });

  it('is a Kubernetes cluster to kubectl', async () => {
    const { stdout, exitCode } = await platform.kubectl('get', 'deploy', '-A', '-o', 'json');
    expect(exitCode).toBe(0);
    const { items } = JSON.parse(stdout) as {
      items: { metadata: { namespace: keyof typeof replicas }; status: { readyReplicas: number } }[];
    };
    for (const environment of environments)
      expect(items.find(item => item.metadata.namespace === environment)?.status.readyReplicas).toBe(replicas[environment]);
    const applications = await platform.kubectl('get', 'applications', '-n', 'daruma');
    expect(applications.stdout).toMatch(/NAME\s+SYNC STATUS\s+HEALTH STATUS/);
  });

  it('keeps its secrets to its user', async () => {
    for (const name of ['credentials.json', 'kubeconfig']) expect((await stat(join(platform.home, name))).mode & 0o077).toBe(0);
    const log = await readFile(join(platform.home, 'logs', 'daruma.log'), 'utf8');
    for (const user of ['lead', 'dev', 'bot']) expect(log).not.toContain(platform.token(user));
  });

  it('refuses a second instance on its home, and says what to do', async () => {
    const { stderr, exitCode } = await platform.run('up');
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/another daruma \(pid \d+\) runs on/);
    expect(stderr).toContain('try:');
  });

  it('says which command or flag it does not know', async () => {
    expect((await platform.run('fly')).exitCode).toBe(2);
    const { stderr, exitCode } = await platform.run('sync', 'demo-dev', '--fast');
    expect(exitCode).toBe(2);
    expect(stderr).toContain("unknown option '--fast'");
    expect((await platform.run('sync', 'no-such-app')).stderr).toContain('no-such-app');
  });
});

it('answers HTTP again after a connection to a pod has been idle for longer than the pod keeps it', async () => {
  await platform.http('demo.dev.localhost', '/version');
  // Node's server keeps an idle connection for five seconds; nothing tells us when it has gone.
  await new Promise(resolve => setTimeout(resolve, 7_000));
  expect((await platform.http('demo.dev.localhost', '/version')).status).toBe(200);
});

describe('a change of the GitOps repository', () => {
  it('is applied to dev by itself and shown as OutOfSync in staging until somebody syncs', async () => {
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-gitops'));
    await copy.commit(
      'apps/demo/base/configmap.yaml',
      text => text.replace(/^data:\n/m, 'data:\n  E2E_MARK: "one"\n'),
      'Mark the settings',
    );
    const output = await copy.push('origin', 'main');
    expect(output).toContain('remote: daruma:');
    const revision = (await copy.git('rev-parse', 'HEAD')).trim();
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy', revision });
    await platform.application('demo-staging', { sync: 'OutOfSync', behind: 1 });

    const diff = await platform.run('diff', 'demo-staging');
    expect(diff.exitCode).toBe(1);
    expect(diff.stdout).toContain('E2E_MARK');
    const dry = await platform.run('sync', 'demo-staging', '--dry-run');
    expect(dry.exitCode).toBe(0);
    await platform.application('demo-staging', { sync: 'OutOfSync' });
    const sync = await platform.run('sync', 'demo-staging', '-o', 'json');
    expect(JSON.parse(sync.stdout)).toMatchObject({ application: 'demo-staging', phase: 'Succeeded', revision });
    await platform.application('demo-staging', { sync: 'Synced', revision, behind: 0 });
    expect((await platform.run('diff', 'demo-staging')).exitCode).toBe(0);
  });

  it('reaches prod only by its typed name and a lead', async () => {
    const refused = await platform.run('sync', 'demo-prod');
    expect(refused.exitCode).toBe(5);
    expect((await platform.run('--user', 'dev', 'sync', 'demo-prod', '--confirm', 'prod')).exitCode).toBe(5);
    expect((await platform.run('sync', 'demo-prod', '--confirm', 'production')).exitCode).toBe(5);
    expect((await platform.run('sync', 'demo-prod', '--confirm', 'prod')).exitCode).toBe(0);
    await platform.application('demo-prod', { sync: 'Synced', health: 'Healthy' });
  });

  it('that is broken leaves what runs untouched, and says why', async () => {
    const before = await platform.api().application('demo-dev');
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-gitops'));
    await copy.commit(
      'apps/demo/overlays/dev/kustomization.yaml',
      text => `${text}\nresources: [nowhere.yaml\n`,
      'Break the overlay',
    );
    await copy.push('origin', 'main');
    await expect
      .poll(async () => JSON.stringify((await platform.api().application('demo-dev')).conditions), { timeout: DEADLINE_MS })
      .toContain('invalid Kustomization');
    expect((await platform.http('demo.dev.localhost', '/version')).status).toBe(200);
    expect((await platform.api().application('demo-dev')).revision).toBe(before.revision);
    await copy.git('revert', '--no-edit', 'HEAD');
    await copy.push('origin', 'main');
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy', conditions: [] });
  });
});

describe('drift', () => {
  it('of dev is healed, with who did it', async () => {
    const { exitCode } = await platform.kubectl('-n', 'dev', 'scale', 'deployment/demo', '--replicas=4');
    expect(exitCode).toBe(0);
    const mine = (drift: DriftView[]) =>
      drift.find(
        one =>
          one.application === 'demo-dev' &&
          one.resource.endsWith('/demo') &&
          one.healedMs !== undefined &&
          one.by?.source === 'audit',
      );
    await expect.poll(async () => mine(await platform.api().drift()), { timeout: DEADLINE_MS }).toBeDefined();
    const drift = mine(await platform.api().drift());
    expect(drift?.changes).toContainEqual({ path: 'spec.replicas', desired: 1, live: 4 });
    expect(drift?.by?.client).toContain('kubectl');
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy' });
    expect((await platform.run('drift')).stdout).toContain('spec.replicas');
  });

  it('of staging is reported and left until somebody syncs', async () => {
    await platform.kubectl('-n', 'staging', 'set', 'env', 'deployment/demo', 'ADDED_BY_HAND=yes');
    await platform.application('demo-staging', { sync: 'OutOfSync' });
    expect((await platform.run('diff', 'demo-staging')).stdout).toContain('ADDED_BY_HAND');
    expect((await platform.run('sync', 'demo-staging')).exitCode).toBe(0);
    await platform.application('demo-staging', { sync: 'Synced', health: 'Healthy' });
    const { stdout } = await platform.kubectl('-n', 'staging', 'get', 'deployment/demo', '-o', 'json');
    expect(stdout).not.toContain('ADDED_BY_HAND');
  });
});

describe('history', () => {
  it('is kept in Git, and a rollback is a commit that auto-sync does not fight', async () => {
    const before = JSON.parse((await platform.run('history', 'demo-dev', '-o', 'json')).stdout) as {
      id: number;
      revision: string;
    }[];
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-gitops'));
    await copy.commit(
      'apps/demo/overlays/dev/kustomization.yaml',
      text => text.replace('count: 1', 'count: 2'),
      'Run two in dev',
    );
    await copy.push('origin', 'main');
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy', replicas: { ready: 2, wanted: 2 } });
    const rollback = await platform.run('rollback', 'demo-dev', String(before[0]?.id), '-o', 'json');
    expect(rollback.stderr).toBe('');
    const { commit } = JSON.parse(rollback.stdout) as { commit: string };
    await platform.application('demo-dev', {
      sync: 'Synced',
      health: 'Healthy',
      revision: commit,
      replicas: { ready: 1, wanted: 1 },
    });
    await copy.git('pull', '--quiet');
    expect((await copy.git('rev-parse', 'HEAD')).trim()).toBe(commit);
    await copy.git('fetch', '--quiet', 'origin', 'refs/daruma/*:refs/daruma/*');
    expect(await copy.git('for-each-ref', 'refs/daruma/deployed/demo-dev')).toContain('refs/daruma/deployed/demo-dev/');
  });
});

describe('an application push', () => {
  it('is tested, built and pushed, bumped in Git, and runs in dev', async () => {
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-app'));
    const sha = await copy.commit('README.md', text => `${text}\nA line.\n`, 'Say more');
    const output = await copy.push('origin', 'main');
    expect(output).toMatch(/remote: daruma: pipeline run \S+ started/);
    await expect
      .poll(async () => (await platform.api().runs()).find(run => run.sha === sha)?.state, { timeout: DEADLINE_MS })
      .toBe('success');
    await expect
      .poll(async () => JSON.parse((await platform.http('demo.dev.localhost', '/version')).body) as { version: string }, {
        timeout: DEADLINE_MS,
      })
      .toMatchObject({ version: expect.stringContaining(sha) });
    const app: ApplicationView = await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy' });
    expect(app.images.join()).toContain(`registry.daruma.internal/demo-app:${sha}`);
    const runs = await platform.run('runs');
    expect(runs.stdout).toContain('Say more');
  });

  it('with a failing test stops before an image exists', async () => {
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-app'));
    const sha = await copy.commit(
      'test/broken.test.js',
      () => "import test from 'node:test';\nimport assert from 'node:assert';\ntest('breaks', () => assert.equal(1, 2));\n",
      'Break a test',
    );
    await copy.push('origin', 'main');
    await expect
      .poll(async () => (await platform.api().runs()).find(run => run.sha === sha)?.state, { timeout: DEADLINE_MS })
      .toBe('failure');
    const run = (await platform.api().runs()).find(one => one.sha === sha);
    expect(run?.image).toBeUndefined();
    expect(await platform.api().statuses('demo-app', sha)).toMatchObject([{ sha, state: 'failure', run: run?.id }]);
    const checks = await platform.run('checks', 'demo-app');
    expect(checks.exitCode).toBe(1);
    expect(checks.stdout).toContain('Unit tests');
    expect((await platform.run('runs', run?.id ?? '')).stdout).toContain('breaks');
    await copy.git('revert', '--no-edit', 'HEAD');
    await copy.push('origin', 'main');
    // Its run ends with the bot's commit in demo-gitops, which whoever pushes there next must not meet.
    const reverted = (await copy.git('rev-parse', 'HEAD')).trim();
    await expect
      .poll(async () => (await platform.api().runs()).find(one => one.sha === reverted)?.state, { timeout: DEADLINE_MS })
      .toBe('success');
    expect((await platform.run('checks', 'demo-app')).exitCode).toBe(0);
  });
});

it(
  'a rebuild brings every object back, prod one commit behind as it was',
  async () => {
    await using copy = await WorkingCopy.clone(platform.gitUrl('demo-gitops'));
    await copy.git('pull', '--quiet');
    await platform.run('sync', 'demo-prod', '--confirm', 'prod');
    await copy.commit('apps/demo/base/configmap.yaml', text => text.replace('E2E_MARK: "one"', 'E2E_MARK: "two"'), 'Mark again');
    await copy.push('origin', 'main');
    await platform.application('demo-dev', { sync: 'Synced', health: 'Healthy' });
    const prod = await platform.application('demo-prod', { sync: 'OutOfSync', health: 'Healthy' });
    const file = join(platform.home, 'report.json');
    const { exitCode, stdout, stderr } = await platform.run('rebuild', '--yes', '--report', file);
    expect(stderr).toBe('');
    expect(stdout).toContain('Rebuilt from Git');
    expect(exitCode).toBe(0);
    const report = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    expect(report).toMatchObject({ different: [], missing: [], extra: [] });
    expect(report['equal']).toBe(report['before']);
    expect(report['equal']).toBe(report['after']);
    expect((await platform.api().application('demo-prod')).revision).toBe(prod.revision);
    expect((await platform.http('demo.prod.localhost', '/version')).status).toBe(200);
  },
  DEADLINE_MS * 2,
);
