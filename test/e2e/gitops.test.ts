// The GitOps engine as a user of it sees it: pushes, drift, guards, rollback, waves, restarts and rebuild, on a real API server.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applicationManifest, configMap, deployment, GitopsPlatform } from '../drivers/gitops-platform.ts';

const overlay = (namespace: string, tag: string) =>
  JSON.stringify({ namespace, resources: ['../base'], images: [{ name: 'web', newTag: tag }] });
const files = {
  'clusters/local/auto.yaml': applicationManifest('auto', { path: 'apps/web/auto', namespace: 'auto' }),
  'clusters/local/manual.yaml': applicationManifest('manual', {
    path: 'apps/web/manual',
    namespace: 'manual',
    automated: false,
    annotations: { 'daruma.dev/confirm': 'manual', 'daruma.dev/role': 'lead' },
  }),
  'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml, settings.yaml]\n',
  'apps/web/base/deployment.yaml': deployment('web', 'web'),
  'apps/web/base/settings.yaml': configMap('settings', { color: 'red' }),
  'apps/web/auto/kustomization.yaml': overlay('auto', '1'),
  'apps/web/manual/kustomization.yaml': overlay('manual', '1'),
};
const lead = { actor: 'ann', role: 'lead', confirm: 'manual' } as const;

interface Workload {
  spec: { replicas: number; template: { spec: { containers: { image: string; env?: { name: string }[] }[] } } };
}

describe('the GitOps engine', () => {
  let platform: GitopsPlatform;
  const workload = async (namespace: string) =>
    (await platform.get('apps/v1', 'Deployment', namespace, 'web')) as unknown as Workload | undefined;
  const image = async (namespace: string) => (await workload(namespace))?.spec.template.spec.containers[0]?.image;
  const settings = async (namespace: string) => (await platform.get('v1', 'ConfigMap', namespace, 'settings'))?.data;
  const kubectl = () => platform.client('kubectl');
  const webIn = (namespace: string) => ({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' });

  beforeAll(async () => {
    platform = await GitopsPlatform.start(files);
    await platform.synced('auto');
  }, 120_000);

  afterAll(async () => {
    await platform?.[Symbol.asyncDispose]();
  }, 60_000);

  it('deploys what is automatic and shows what is not', async () => {
    expect(await image('auto')).toBe('web:1');
    expect(await workload('manual')).toBeUndefined();
    const manual = await platform.until(
      () => platform.gitops.application('manual'),
      view => view.sync === 'OutOfSync',
    );
    expect(manual).toMatchObject({ health: 'Missing', automated: false, guard: { confirm: 'manual', role: 'lead' } });
  });

  it('writes Argo CD’s status, so that kubectl shows it', async () => {
    const object = await platform.until(
      () => platform.get('argoproj.io/v1alpha1', 'Application', 'daruma', 'auto'),
      seen => (seen?.status as { operationState?: { phase?: string } } | undefined)?.operationState?.phase === 'Succeeded',
    );
    expect(object?.status).toMatchObject({
      sync: { status: 'Synced', revision: platform.head },
      history: [{ revision: platform.head, initiatedBy: { automated: true } }],
      summary: { images: ['web:1'] },
    });
  });

  it('deploys a push with few requests, and none for applications that it does not touch', async () => {
    await platform.gitops.settled();
    platform.requests = [];
    const sha = await platform.push({ 'apps/web/auto/kustomization.yaml': overlay('auto', '2') });
    await platform.synced('auto', sha);
    const asked = platform.requests.filter(request => !request.startsWith('GET'));
    expect(asked.length).toBeLessThanOrEqual(10);
    expect(asked.join('\n')).not.toMatch(/manual|applications\/root/);
    expect(await image('auto')).toBe('web:2');
  });

  it('heals a changed field, an added variable and a deleted object, and says who did it', async () => {
    const drifts = () => platform.gitops.drift().filter(drift => drift.application === 'auto' && drift.healedAt);
    await kubectl().patch(webIn('auto'), { spec: { replicas: 4 } }, { type: 'merge', fieldManager: 'kubectl-edit' });
    await platform.until(
      async () => drifts().length,
      count => count === 1,
    );
    expect((await workload('auto'))?.spec.replicas).toBe(1);
    const intruder = { name: 'main', env: [{ name: 'INTRUDER', value: '1' }] };
    await kubectl().patch(
      webIn('auto'),
      { spec: { template: { spec: { containers: [intruder] } } } },
      { type: 'strategic', fieldManager: 'kubectl-set' },
    );
    await platform.until(
      () => workload('auto'),
      seen => seen?.spec.template.spec.containers[0]?.env?.length === 1,
    );
    await kubectl().delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'auto', name: 'settings' });
    await platform.until(
      () => settings('auto'),
      data => data !== undefined,
    );
    await platform.until(
      async () => drifts().length,
      count => count === 3,
    );
    expect(drifts().reverse()).toMatchObject([
      {
        kind: 'changed',
        resource: 'Deployment.apps/web',
        changes: [{ path: 'spec.replicas', desired: 1, live: 4 }],
        by: { manager: 'kubectl-edit' },
      },
      {
        kind: 'extra',
        changes: [{ path: 'spec.template.spec.containers[name=main].env[name=INTRUDER]' }],
        by: { manager: 'kubectl-set' },
      },
      { kind: 'deleted', resource: 'ConfigMap/settings' },
    ]);
  });

  it('leaves what runs alone when a commit is broken, keeps healing it, and recovers', async () => {
    await platform.push({ 'apps/web/auto/kustomization.yaml': 'resources: [../base, missing.yaml]\n' });
    const broken = await platform.until(
      () => platform.gitops.application('auto'),
      view => view.conditions.length > 0,
    );
    expect(broken.conditions[0]).toMatchObject({ type: 'ComparisonError', message: expect.stringContaining('missing.yaml') });
    expect(await image('auto')).toBe('web:2');
    await kubectl().patch(webIn('auto'), { spec: { replicas: 3 } }, { type: 'merge', fieldManager: 'kubectl-edit' });
    await platform.until(
      () => workload('auto'),
      seen => seen?.spec.replicas === 1,
    );
    const sha = await platform.push({ 'apps/web/auto/kustomization.yaml': overlay('auto', '3') });
    const mended = await platform.synced('auto', sha);
    expect(mended).toMatchObject({ conditions: [] });
  });

  it('names a field that it does not implement and does not act on the definition', async () => {
    const path = 'clusters/local/odd.yaml';
    await platform.push({
      [path]: applicationManifest('odd', { path: 'apps/web/auto', namespace: 'odd', spec: { revisionHistoryLimits: 3 } }),
    });
    const odd = await platform.until(
      () => platform.gitops.application('odd').catch(() => undefined),
      view => (view?.conditions.length ?? 0) > 0,
    );
    expect(odd?.conditions[0]?.message).toContain('spec.revisionHistoryLimits');
    await platform.push({ [path]: null });
    await platform.until(
      () => platform.get('argoproj.io/v1alpha1', 'Application', 'daruma', 'odd'),
      seen => seen === undefined,
    );
  });

  it('syncs by hand past the guards, shows the difference before, and the history after', async () => {
    const { gitops } = platform;
    await expect(gitops.sync('manual', { actor: 'bob', role: 'developer', confirm: 'manual' })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(gitops.sync('manual', { actor: 'ann', role: 'lead' })).rejects.toMatchObject({ code: 'CONFIRMATION_NEEDED' });
    expect(await gitops.sync('manual', lead)).toMatchObject({ phase: 'Succeeded' });
    await platform.synced('manual');
    await platform.push({ 'apps/web/manual/kustomization.yaml': overlay('manual', '2') });
    await platform.until(
      () => gitops.application('manual'),
      view => view.behind === 1 && view.sync === 'OutOfSync',
    );
    expect(await gitops.diff('manual')).toMatchObject([
      { resource: 'Deployment.apps/web', action: 'update', changes: [{ desired: 'web:2', live: 'web:1' }] },
    ]);
    const rehearsed = await gitops.sync('manual', { actor: 'ann', role: 'lead', dryRun: true });
    expect(rehearsed.resources.filter(({ action }) => action !== 'unchanged')).toMatchObject([{ action: 'configured' }]);
    expect(await image('manual')).toBe('web:1');
    const done = await gitops.sync('manual', lead);
    expect(done.resources.filter(({ action }) => action !== 'unchanged')).toMatchObject([
      { resource: 'Deployment.apps/web', action: 'configured' },
    ]);
    expect(await image('manual')).toBe('web:2');
    expect(await gitops.history('manual')).toMatchObject([
      { id: 2, actor: 'ann', images: ['web:2'], subject: 'change' },
      { id: 1, images: ['web:1'] },
    ]);
  });

  it('reports drift where it may not heal', async () => {
    await platform.synced('manual');
    await kubectl().patch(
      { ...webIn('manual'), kind: 'ConfigMap', apiVersion: 'v1', name: 'settings' },
      { data: { color: 'blue' } },
      { type: 'merge', fieldManager: 'kubectl-edit' },
    );
    const drifted = await platform.until(
      () => platform.gitops.application('manual'),
      view => view.drift.length === 1 && view.sync === 'OutOfSync',
    );
    expect(drifted.drift[0]).toMatchObject({
      resource: 'ConfigMap/settings',
      changes: [{ path: 'data.color', desired: 'red', live: 'blue' }],
    });
    expect(await settings('manual')).toEqual({ color: 'blue' });
    await platform.gitops.sync('manual', lead);
    expect(await settings('manual')).toEqual({ color: 'red' });
    expect((await platform.synced('manual')) as object).toMatchObject({ drift: [] });
  });

  it('rolls back by a commit, and refuses where a shared folder has changed since', async () => {
    const { gitops } = platform;
    const back = await gitops.rollback('manual', lead);
    expect(back.sync.phase).toBe('Succeeded');
    expect(await image('manual')).toBe('web:1');
    await platform.synced('manual', back.commit);
    expect(await gitops.diff('manual')).toEqual([]);
    const shared = await platform.push(
      { 'apps/web/base/settings.yaml': configMap('settings', { color: 'green' }) },
      'paint it green',
    );
    await platform.until(
      () => settings('auto'),
      data => (data as { color: string }).color === 'green',
    );
    await expect(gitops.rollback('manual', { ...lead, id: 1 })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`${shared.slice(0, 7)} "paint it green"`),
    });
    await gitops.sync('manual', lead);
  });

  it('prunes what left Git', async () => {
    await platform.push({
      'apps/web/auto/kustomization.yaml': JSON.stringify({ namespace: 'auto', resources: ['../base', 'extra.yaml'] }),
      'apps/web/auto/extra.yaml': configMap('extra', {}),
    });
    await platform.until(
      () => platform.get('v1', 'ConfigMap', 'auto', 'extra'),
      seen => seen !== undefined,
    );
    await platform.push({ 'apps/web/auto/kustomization.yaml': overlay('auto', '3'), 'apps/web/auto/extra.yaml': null });
    await platform.until(
      () => platform.get('v1', 'ConfigMap', 'auto', 'extra'),
      seen => seen === undefined,
    );
    await platform.synced('auto');
  });

  it('refuses an object that another application has', async () => {
    await platform.push({
      'clusters/local/rival.yaml': applicationManifest('rival', { path: 'apps/rival', namespace: 'auto' }),
      'apps/rival/settings.yaml': configMap('settings', { color: 'black' }),
    });
    const rival = await platform.until(
      () => platform.gitops.application('rival').catch(() => undefined),
      view => view?.operation?.phase === 'Failed',
    );
    expect(rival?.operation?.message).toContain('is part of the applications rival and auto');
    expect(await settings('auto')).toEqual({ color: 'green' });
    await platform.push({ 'clusters/local/rival.yaml': null, 'apps/rival/settings.yaml': null });
    await platform.until(
      () => platform.get('argoproj.io/v1alpha1', 'Application', 'daruma', 'rival'),
      seen => seen === undefined,
    );
    expect(await settings('auto')).toEqual({ color: 'green' });
  });

  it('waits for a wave, resumes after a restart in its middle, and lets a newer commit overtake', async () => {
    const wave = (number: string) => ({ 'argocd.argoproj.io/sync-wave': number });
    // No node takes it, so that the wave never ends by itself.
    const gated = JSON.parse(deployment('gate', 'gate')) as { spec: { template: { spec: Record<string, unknown> } } };
    gated.spec.template.spec.nodeSelector = { 'example.com/nowhere': 'yes' };
    await platform.push({
      'clusters/local/waves.yaml': applicationManifest('waves', { path: 'apps/waves', namespace: 'waves' }),
      'apps/waves/gate.yaml': JSON.stringify(gated),
      'apps/waves/last.yaml': configMap('last', {}, wave('1')),
    });
    const waiting = async () => (await platform.gitops.application('waves').catch(() => undefined))?.message ?? '';
    await platform.until(waiting, message => message.includes('waiting for healthy state of Deployment.apps/gate'));
    expect(await platform.get('v1', 'ConfigMap', 'waves', 'last')).toBeUndefined();
    await platform.stopEngine();
    await platform.startEngine();
    await platform.until(waiting, message => message.includes('waiting for healthy state of Deployment.apps/gate'));
    await platform.push({ 'apps/waves/gate.yaml': deployment('gate', 'gate') });
    await platform.until(
      () => platform.get('v1', 'ConfigMap', 'waves', 'last'),
      seen => seen !== undefined,
    );
    await platform.synced('waves');
  });

  it('runs hooks in their phases and deletes them by their policy', async () => {
    const hook = (phase: string, policy: string) => ({
      'argocd.argoproj.io/hook': phase,
      'argocd.argoproj.io/hook-delete-policy': policy,
    });
    await platform.push({
      'apps/waves/before.yaml': configMap('before', { step: '1' }, hook('PreSync', 'HookSucceeded')),
      'apps/waves/after.yaml': configMap('after', { step: '2' }, hook('PostSync', 'BeforeHookCreation')),
      'apps/waves/last.yaml': configMap('last', { step: '3' }),
    });
    await platform.until(
      () => platform.get('v1', 'ConfigMap', 'waves', 'after'),
      seen => seen !== undefined,
    );
    await platform.synced('waves');
    expect(await platform.get('v1', 'ConfigMap', 'waves', 'before')).toBeUndefined();
    const order = platform
      .events('gitops.resource')
      .filter(event => event.application === 'waves' && event.action === 'created')
      .map(event => event.resource);
    expect(order.indexOf('ConfigMap/before')).toBeLessThan(order.indexOf('ConfigMap/after'));
  });

  it('applies a definition before its objects, and leaves ignored differences alone', async () => {
    const schema = { type: 'object', properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } };
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Thing', listKind: 'ThingList', plural: 'things', singular: 'thing' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
      },
    };
    const ignoreDifferences = [{ group: 'example.com', kind: 'Thing', jsonPointers: ['/spec/size'] }];
    await platform.push({
      'clusters/local/things.yaml': applicationManifest('things', {
        path: 'apps/things',
        namespace: 'things',
        spec: { ignoreDifferences },
      }),
      'apps/things/a-thing.yaml': JSON.stringify({
        apiVersion: 'example.com/v1',
        kind: 'Thing',
        metadata: { name: 'one' },
        spec: { size: 1, color: 'red' },
      }),
      'apps/things/definition.yaml': JSON.stringify(definition),
    });
    await platform.synced('things');
    const thing = { apiVersion: 'example.com/v1', kind: 'Thing', namespace: 'things', name: 'one' };
    const spec = async () =>
      (await platform.get('example.com/v1', 'Thing', 'things', 'one'))?.spec as { size: number; color: string };
    await kubectl().patch(thing, { spec: { size: 2 } }, { type: 'merge', fieldManager: 'kubectl-edit' });
    await kubectl().delete({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'auto', name: 'settings' });
    // The other heal, of an event that came later, shows that this one has been looked at.
    await platform.until(
      () => settings('auto'),
      data => data !== undefined,
    );
    expect(await spec()).toEqual({ size: 2, color: 'red' });
    expect(platform.gitops.drift().filter(drift => drift.application === 'things')).toEqual([]);
    await platform.push({ 'clusters/local/things.yaml': null });
    await platform.until(
      () => platform.get('apiextensions.k8s.io/v1', 'CustomResourceDefinition', '', 'things.example.com'),
      seen => seen === undefined,
    );
  });

  it('removes what an application deployed when the application leaves Git', async () => {
    await platform.push({ 'clusters/local/waves.yaml': null });
    await platform.until(
      () => platform.get('argoproj.io/v1alpha1', 'Application', 'daruma', 'waves'),
      seen => seen === undefined,
    );
    expect(await platform.get('apps/v1', 'Deployment', 'waves', 'gate')).toBeUndefined();
    expect(await platform.get('v1', 'ConfigMap', 'waves', 'last')).toBeUndefined();
  });

  it.skipIf(process.env.DARUMA_TEST_KUBECONFIG)('rebuilds an empty cluster as it was, also where Git is ahead', async () => {
    await platform.push({ 'apps/web/manual/kustomization.yaml': overlay('manual', '9') });
    await platform.until(
      () => platform.gitops.application('manual'),
      view => view.behind === 1,
    );
    await platform.gitops.settled();
    const before = await platform.gitops.snapshot();
    const history = await platform.gitops.history('manual');
    await platform.stopEngine();
    await platform.newCluster();
    await platform.startEngine({ awaitRestore: true });
    const results = await platform.gitops.restore();
    expect(results.every(({ phase }) => phase === 'Succeeded')).toBe(true);
    await platform.gitops.settled();
    await platform.until(
      () => platform.gitops.application('manual'),
      view => view.health === 'Healthy',
    );
    expect(await image('manual')).toBe('web:1');
    expect(await platform.gitops.snapshot()).toEqual(before);
    expect(await platform.gitops.history('manual')).toEqual(history);
  });
});
