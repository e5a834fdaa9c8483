import { describe, expect, it } from 'vitest';
import type { KubeObject, ResourceInfo } from '../../kube/index.ts';
import {
  deletionOf,
  keyOf,
  labelMatches,
  openProject,
  ownerOf,
  projectProblems,
  readApplication,
  readAppProject,
  resourceProblem,
  syncOptionsOf,
  tracked,
} from './index.ts';

const object = (spec: Record<string, unknown> = {}, metadata: Partial<KubeObject['metadata']> = {}): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'web', namespace: 'daruma', ...metadata },
  spec: {
    project: 'demo',
    source: { repoURL: 'http://git/demo.git', path: '/apps/web/', targetRevision: 'main' },
    destination: { server: 'https://kubernetes.default.svc', namespace: 'dev' },
    ...spec,
  },
});

describe('readApplication', () => {
  it('reads what Argo CD’s users write, with its defaults', () => {
    const { application, conditions } = readApplication(
      object({
        syncPolicy: {
          automated: { prune: true, selfHeal: true },
          syncOptions: ['CreateNamespace=true', 'ServerSideApply=true', 'PruneLast=true'],
          retry: { limit: 3, backoff: { duration: '1m30s', factor: 3, maxDuration: '10m' } },
        },
        ignoreDifferences: [{ group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'] }],
      }),
    );
    expect(conditions).toEqual([]);
    expect(application).toMatchObject({
      source: { path: 'apps/web', targetRevision: 'main' },
      automated: { prune: true, selfHeal: true, allowEmpty: false },
      syncOptions: { createNamespace: true, pruneLast: true },
      retry: { limit: 3, durationMs: 90_000, factor: 3, maxDurationMs: 600_000 },
      historyLimit: 10,
      driftPolicy: 'strict',
    });
    expect(application?.guard).toBeUndefined();
  });

  it.each([
    [{ source: { repoURL: 'u', path: 'p', helm: { releaseName: 'x' } } }, 'spec.source.helm is not implemented'],
    [{ sources: [] }, 'spec.sources is not implemented'],
    [{ syncPolicy: { automatd: {} } }, 'spec.syncPolicy.automatd is not a field'],
    [{ syncPolicy: { syncOptions: ['Validate=false'] } }, 'Validate=false is not implemented'],
    [{ ignoreDifferences: [{ kind: 'A', jqPathExpressions: ['.x'] }] }, 'spec.ignoreDifferences[].jqPathExpressions'],
    [{ destination: { server: 'https://elsewhere', namespace: 'dev' } }, 'https://elsewhere is not a known cluster'],
    [{ source: { repoURL: 'u', path: '../other' } }, 'leaves the repository'],
  ])('names what it cannot act on: %j', (spec, message) => {
    const { application, conditions } = readApplication(object(spec));
    expect(application).toBeUndefined();
    expect(conditions.map(condition => condition.message).join('\n')).toContain(message);
  });

  it('reads guards and deletion', () => {
    const guarded = readApplication(object({}, { annotations: { 'daruma.dev/confirm': 'true', 'daruma.dev/role': 'lead' } }));
    expect(guarded.application?.guard).toEqual({ confirm: 'web', role: 'lead' });
    const finalizers = ['resources-finalizer.argocd.argoproj.io/background'];
    expect(deletionOf(object({}, { finalizers }))).toBeUndefined();
    expect(deletionOf(object({ sources: [] }, { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe('background');
    const wrong = readApplication(object({}, { annotations: { 'daruma.dev/role': 'king' } }));
    expect(wrong.conditions[0]?.message).toContain('king is not a role');
  });
});

describe('AppProject', () => {
  const project = (spec: Record<string, unknown>) =>
    readAppProject({ apiVersion: 'argoproj.io/v1alpha1', kind: 'AppProject', metadata: { name: 'demo' }, spec });
  const application = readApplication(object()).application;
  const configMap: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'dev' } };
  const namespaced: ResourceInfo = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, verbs: [] };
  const role: KubeObject = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'r' } };

  it('allows and denies sources and destinations', () => {
    if (!application) throw new Error('not read');
    const allowed = project({
      sourceRepos: ['http://git/*'],
      destinations: [
        { server: '*', namespace: 'd*' },
        { server: '*', namespace: '!dev-x' },
      ],
    });
    expect(allowed.conditions).toEqual([]);
    expect(projectProblems(allowed.project ?? openProject(''), application)).toEqual([]);
    const denied = project({ sourceRepos: ['http://other/*'], destinations: [{ server: '*', namespace: 'prod' }] });
    expect(projectProblems(denied.project ?? openProject(''), application)).toHaveLength(2);
  });

  it('allows cluster-wide kinds only when they are listed, namespaced ones unless they are denied', () => {
    const { project: demo } = project({
      sourceRepos: ['*'],
      destinations: [{ server: '*', namespace: 'dev' }],
      namespaceResourceBlacklist: [{ group: '', kind: 'Secret' }],
    });
    if (!demo) throw new Error('not read');
    expect(resourceProblem(demo, configMap, namespaced, 's')).toBeUndefined();
    expect(resourceProblem(demo, { ...configMap, kind: 'Secret' }, namespaced, 's')).toContain('not permitted');
    expect(resourceProblem(demo, role, { ...namespaced, namespaced: false }, 's')).toContain('ClusterRole is not permitted');
    expect(resourceProblem(demo, { ...configMap, metadata: { name: 'c', namespace: 'prod' } }, namespaced, 's')).toContain(
      'namespace prod',
    );
  });

  it('names a rule that is not kept, unless it is empty', () => {
    expect(project({ syncWindows: [{ kind: 'deny' }] }).conditions[0]?.message).toContain('spec.syncWindows is not implemented');
    expect(project({ roles: [] }).conditions).toEqual([]);
  });
});

describe('tracking', () => {
  const deployment: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'dev' } };

  it('marks in Argo CD’s format and does not trust a copied mark', () => {
    const marked = tracked('app', deployment);
    expect(marked.metadata.annotations).toEqual({ 'argocd.argoproj.io/tracking-id': 'app:apps/Deployment:dev/web' });
    expect(ownerOf(marked)).toBe('app');
    expect(ownerOf({ ...marked, kind: 'ReplicaSet' })).toBeUndefined();
    expect(deployment.metadata.annotations).toBeUndefined();
  });

  it('names resources as people write them', () => {
    expect(keyOf(deployment)).toBe('apps/Deployment/dev/web');
    for (const text of ['Deployment/web', 'deployment.apps/web', 'apps:Deployment:web'])
      expect(labelMatches(text, deployment)).toBe(true);
    expect(labelMatches('Service/web', deployment)).toBe(false);
  });

  it('reads sync options of one resource over the application’s', () => {
    const base = readApplication(object()).application?.syncOptions;
    if (!base) throw new Error('not read');
    const pinned = {
      ...deployment,
      metadata: { ...deployment.metadata, annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false, Replace=true' } },
    };
    expect(syncOptionsOf(pinned, base)).toMatchObject({ prune: false, replace: true, delete: true });
  });
});
