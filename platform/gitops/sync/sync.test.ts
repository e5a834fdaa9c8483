import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/index.ts';
import { readApplication } from '../model/index.ts';
import { checkGuards, hookOf, retryDelayMs, waveOf } from './index.ts';
import { byWave, tierOf } from './phases.ts';

const object = (kind: string, annotations: Record<string, string> = {}, apiVersion = 'v1'): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: kind.toLowerCase(), annotations },
});
const hook = (value: string, policy?: string) =>
  object('Job', { 'argocd.argoproj.io/hook': value, ...(policy ? { 'argocd.argoproj.io/hook-delete-policy': policy } : {}) });

describe('phases', () => {
  it('reads hooks and their delete policies, and names what it does not know', () => {
    expect(hookOf(object('Job'))).toBeUndefined();
    expect(hookOf(hook('PreSync,PostSync', 'HookSucceeded'))).toEqual({
      phases: ['PreSync', 'PostSync'],
      skip: false,
      unknown: [],
      deletePolicies: ['HookSucceeded'],
    });
    expect(hookOf(hook('Sync'))?.deletePolicies).toEqual(['BeforeHookCreation']);
    expect(hookOf(hook('PostDelete', 'Never'))?.unknown).toEqual(['PostDelete', 'Never']);
    expect(hookOf(hook('Skip'))?.skip).toBe(true);
  });

  it('orders waves by number and kinds by need', () => {
    const wave = (number: string) => object('ConfigMap', { 'argocd.argoproj.io/sync-wave': number });
    const waves = byWave([wave('2'), wave('-1'), object('Secret')], one => one);
    expect(waves.map(({ wave }) => wave)).toEqual([-1, 0, 2]);
    expect(waveOf(wave('x'))).toBe(0);
    expect([object('Namespace'), object('ConfigMap'), object('Deployment', {}, 'apps/v1')].map(tierOf)).toEqual([0, 1, 2]);
  });
});

describe('retries', () => {
  const policy = { limit: 2, durationMs: 1_000, factor: 10, maxDurationMs: 5_000 };

  it('back off up to the longest wait and end at the limit', () => {
    expect([1, 2, 3].map(attempt => retryDelayMs(policy, attempt))).toEqual([1_000, 5_000, undefined]);
    expect(retryDelayMs({ ...policy, limit: -1 }, 50)).toBe(5_000);
    expect(retryDelayMs({ ...policy, limit: 0 }, 1)).toBeUndefined();
  });
});

describe('guards', () => {
  const { application } = readApplication({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web-prod', annotations: { 'daruma.dev/confirm': 'prod', 'daruma.dev/role': 'lead' } },
    spec: { source: { repoURL: 'u', path: 'p' }, destination: { name: 'in-cluster', namespace: 'prod' } },
  });
  if (!application) throw new Error('not read');

  it('ask for the role first, then for the typed name', () => {
    expect(() => checkGuards(application, { actor: 'ann', role: 'developer', confirm: 'prod' })).toThrow(/takes the role lead/);
    expect(() => checkGuards(application, { actor: 'bob', role: 'lead' })).toThrow(/type "prod" to confirm/);
    expect(() => checkGuards(application, { actor: 'bob', role: 'lead', confirm: 'dev' })).toThrow(/"dev" does not confirm/);
    expect(() => checkGuards(application, { actor: 'bob', role: 'lead', confirm: 'prod' })).not.toThrow();
  });

  it('let anybody look, and no bot change anything', () => {
    expect(() => checkGuards(application, { actor: 'ann', role: 'developer', dryRun: true })).not.toThrow();
    const { guard: _guard, ...open } = application;
    expect(() => checkGuards(open, { actor: 'ci', role: 'bot' })).toThrow(/takes the role developer/);
    expect(() => checkGuards(open, { actor: 'ann', role: 'developer' })).not.toThrow();
  });
});
