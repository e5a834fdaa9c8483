// Argo CD's sync options, of an application and of a single resource's annotation.
import type { KubeObject } from '../../kube/index.ts';

export interface SyncOptions {
  createNamespace: boolean;
  pruneLast: boolean;
  /** `confirm`: only a sync that asks for prune removes it. */
  prune: boolean | 'confirm';
  /** False: kept when the application is deleted. */
  delete: boolean;
  replace: boolean;
  /** Delete and create again where a field cannot be changed. */
  force: boolean;
  respectIgnoreDifferences: boolean;
  applyOutOfSyncOnly: boolean;
  prunePropagationPolicy: 'foreground' | 'background' | 'orphan';
}

export const defaultSyncOptions: SyncOptions = {
  createNamespace: false,
  pruneLast: false,
  prune: true,
  delete: true,
  replace: false,
  force: false,
  respectIgnoreDifferences: false,
  applyOutOfSyncOnly: false,
  prunePropagationPolicy: 'foreground',
};

const FLAGS = {
  CreateNamespace: 'createNamespace',
  PruneLast: 'pruneLast',
  Replace: 'replace',
  Force: 'force',
  RespectIgnoreDifferences: 'respectIgnoreDifferences',
  ApplyOutOfSyncOnly: 'applyOutOfSyncOnly',
  Delete: 'delete',
} as const;

/** These name what is always done here, so that either value is taken. */
const ALWAYS = new Set([
  'ServerSideApply=true',
  'SkipDryRunOnMissingResource=true',
  'FailOnSharedResource=true',
  'Validate=true',
  'ClientSideApplyMigration=true',
  'ClientSideApplyMigration=false',
]);

/** Reads `Name=value` options over `base`; `problems` holds those that are not known or not implemented. */
export function readSyncOptions(list: string[], base = defaultSyncOptions): { options: SyncOptions; problems: string[] } {
  const options = { ...base };
  const problems: string[] = [];
  for (const entry of list.map(text => text.trim()).filter(text => text !== '')) {
    const [name = '', value = ''] = entry.split('=');
    const flag = FLAGS[name as keyof typeof FLAGS];
    if (flag && (value === 'true' || value === 'false')) options[flag] = value === 'true';
    else if (name === 'Prune' && ['true', 'false', 'confirm'].includes(value))
      options.prune = value === 'confirm' ? 'confirm' : value === 'true';
    else if (name === 'PrunePropagationPolicy' && ['foreground', 'background', 'orphan'].includes(value))
      options.prunePropagationPolicy = value as SyncOptions['prunePropagationPolicy'];
    else if (!ALWAYS.has(entry)) problems.push(entry);
  }
  return { options, problems };
}

/** The options of one resource: the application's, overridden by its `argocd.argoproj.io/sync-options` annotation. */
export function syncOptionsOf(object: KubeObject, base: SyncOptions): SyncOptions {
  const text = object.metadata.annotations?.['argocd.argoproj.io/sync-options'];
  return text ? readSyncOptions(text.split(','), base).options : base;
}
