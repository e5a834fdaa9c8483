// Orders what a sync does: phases, waves, and within a wave the kinds that others need first.
import type { KubeObject } from '../../kube/index.ts';
import { groupKindOf } from '../model/index.ts';

export type Phase = 'PreSync' | 'Sync' | 'PostSync' | 'SyncFail';
export type DeletePolicy = 'HookSucceeded' | 'HookFailed' | 'BeforeHookCreation';

const PHASES: readonly string[] = ['PreSync', 'Sync', 'PostSync', 'SyncFail'];
const POLICIES: readonly string[] = ['HookSucceeded', 'HookFailed', 'BeforeHookCreation'];
const PREFIX = 'argocd.argoproj.io/';

/** `skip`: in Git, but never applied. `unknown`: a word that is none of Argo CD's, or one that is not implemented. */
export interface HookInfo {
  phases: Phase[];
  skip: boolean;
  unknown: string[];
  deletePolicies: DeletePolicy[];
}

/** Undefined when the object is no hook. */
export function hookOf(object: KubeObject): HookInfo | undefined {
  const text = object.metadata.annotations?.[`${PREFIX}hook`];
  if (!text) return undefined;
  const words = split(text);
  const policies = split(object.metadata.annotations?.[`${PREFIX}hook-delete-policy`] ?? '');
  const known = policies.filter(policy => POLICIES.includes(policy)) as DeletePolicy[];
  return {
    phases: words.filter(word => PHASES.includes(word)) as Phase[],
    skip: words.includes('Skip'),
    unknown: [
      ...words.filter(word => word !== 'Skip' && !PHASES.includes(word)),
      ...policies.filter(policy => !POLICIES.includes(policy)),
    ],
    deletePolicies: known.length > 0 ? known : ['BeforeHookCreation'],
  };
}

export function waveOf(object: KubeObject): number {
  const wave = Number(object.metadata.annotations?.[`${PREFIX}sync-wave`] ?? 0);
  return Number.isInteger(wave) ? wave : 0;
}

/** Three steps of a wave: what makes places and kinds, what workloads read, all others. Within a step the order is free. */
export function tierOf(object: KubeObject): 0 | 1 | 2 {
  const kind = groupKindOf(object);
  if (kind === '/Namespace' || kind === 'apiextensions.k8s.io/CustomResourceDefinition') return 0;
  return NEEDED.has(kind) || kind.startsWith('rbac.') ? 1 : 2;
}

const NEEDED = new Set([
  '/ServiceAccount',
  '/Secret',
  '/ConfigMap',
  '/ResourceQuota',
  '/LimitRange',
  '/PersistentVolume',
  '/PersistentVolumeClaim',
  '/Service',
  'storage.k8s.io/StorageClass',
  'networking.k8s.io/NetworkPolicy',
  'policy/PodDisruptionBudget',
  'argoproj.io/AppProject',
]);

/** Items by wave, lowest first. */
export function byWave<T>(items: T[], objectOf: (item: T) => KubeObject): { wave: number; items: T[] }[] {
  const waves = new Map<number, T[]>();
  for (const item of items) {
    const wave = waveOf(objectOf(item));
    waves.set(wave, [...(waves.get(wave) ?? []), item]);
  }
  return [...waves].sort(([a], [b]) => a - b).map(([wave, grouped]) => ({ wave, items: grouped }));
}

function split(text: string): string[] {
  return text
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '');
}
