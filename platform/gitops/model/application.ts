// Reads Argo CD's Application into what the engine acts on, with a condition for everything that it cannot act on.
import type { KubeObject } from '../../kube/index.ts';
import { applicationFields, fieldProblems } from './field-table.ts';
import { defaultSyncOptions, readSyncOptions, type SyncOptions } from './sync-options.ts';

export const ARGO_API = 'argoproj.io/v1alpha1';
export const RESOURCES_FINALIZER = 'resources-finalizer.argocd.argoproj.io';

export interface Condition {
  /** As Argo CD names them: InvalidSpecError, ComparisonError, SyncError, SharedResourceWarning … */
  type: string;
  message: string;
}

export interface IgnoreRule {
  group: string;
  kind: string;
  name?: string;
  namespace?: string;
  jsonPointers: string[];
  managers: string[];
}

export interface KustomizeOptions {
  namePrefix?: string;
  nameSuffix?: string;
  namespace?: string;
  images?: string[];
  replicas?: { name: string; count: number | string }[];
  commonLabels?: Record<string, string>;
  commonAnnotations?: Record<string, string>;
  labelWithoutSelector?: boolean;
  labelIncludeTemplates?: boolean;
  patches?: unknown[];
  components?: string[];
}

export interface ApplicationSource {
  repoURL: string;
  /** Without leading or trailing slashes; `''` is the root. */
  path: string;
  targetRevision: string;
  directory?: { recurse: boolean; include?: string; exclude?: string };
  kustomize?: KustomizeOptions;
}

export interface RetryPolicy {
  /** Negative: without end. */
  limit: number;
  durationMs: number;
  factor: number;
  maxDurationMs: number;
}

export interface Application {
  name: string;
  namespace: string;
  uid: string;
  project: string;
  source: ApplicationSource;
  destination: { server: string; namespace: string };
  automated?: { prune: boolean; selfHeal: boolean; allowEmpty: boolean };
  syncOptions: SyncOptions;
  managedNamespaceMetadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  retry: RetryPolicy;
  ignoreDifferences: IgnoreRule[];
  historyLimit: number;
  /** From `daruma.dev/confirm` (`true`: the application's own name) and `daruma.dev/role`. */
  guard?: { confirm: string; role: 'lead' | 'developer' };
  /** `owned`: fields that others add beside ours are let be (`daruma.dev/drift-policy`). */
  driftPolicy: 'strict' | 'owned';
}

interface RawSpec {
  project?: string;
  source?: {
    repoURL?: string;
    path?: string;
    targetRevision?: string;
    directory?: { recurse?: boolean; include?: string; exclude?: string };
    kustomize?: KustomizeOptions;
  };
  destination?: { server?: string; name?: string; namespace?: string };
  syncPolicy?: {
    automated?: { prune?: boolean; selfHeal?: boolean; allowEmpty?: boolean; enabled?: boolean } | null;
    syncOptions?: string[];
    retry?: { limit?: number | string; backoff?: { duration?: string | number; factor?: number | string; maxDuration?: string } };
    managedNamespaceMetadata?: Application['managedNamespaceMetadata'];
  };
  ignoreDifferences?: {
    group?: string;
    kind?: string;
    name?: string;
    namespace?: string;
    jsonPointers?: string[];
    managedFieldsManagers?: string[];
  }[];
  revisionHistoryLimit?: number;
}

const IN_CLUSTER = 'https://kubernetes.default.svc';

/** `application` is absent when a condition forbids acting on it; what it deployed before stays as it is. */
export function readApplication(object: KubeObject): { application?: Application; conditions: Condition[] } {
  const spec = (object.spec ?? {}) as RawSpec;
  const messages = fieldProblems(spec as Record<string, unknown>, applicationFields).map(({ field, state }) =>
    state === 'unsupported' ? `${field} is not implemented by daruma` : `${field} is not a field of Argo CD's Application`,
  );
  const { options, problems } = readSyncOptions(spec.syncPolicy?.syncOptions ?? [], defaultSyncOptions);
  for (const option of problems) messages.push(`spec.syncPolicy.syncOptions: ${option} is not implemented by daruma`);
  const { source, destination = {} } = spec;
  if (!source?.repoURL) messages.push('spec.source.repoURL is required');
  const server = destination.server ?? (destination.name === 'in-cluster' ? IN_CLUSTER : undefined);
  if (server !== undefined && server !== IN_CLUSTER)
    messages.push(`spec.destination.server: ${server} is not a known cluster; ${IN_CLUSTER} is`);
  else if (server === undefined)
    messages.push(
      destination.name
        ? `spec.destination.name: ${destination.name} is not a known cluster; in-cluster is`
        : 'spec.destination.server or spec.destination.name is required',
    );
  if (source?.path?.split('/').includes('..')) messages.push(`spec.source.path: ${source.path} leaves the repository`);
  const guard = readGuard(object);
  if (typeof guard === 'string') messages.push(guard);
  if (messages.length > 0 || !source?.repoURL || !server || typeof guard === 'string')
    return { conditions: messages.map(message => ({ type: 'InvalidSpecError', message })) };

  const { automated, retry, managedNamespaceMetadata } = spec.syncPolicy ?? {};
  const { metadata } = object;
  const application: Application = {
    name: metadata.name ?? '',
    namespace: metadata.namespace ?? '',
    uid: metadata.uid ?? '',
    project: spec.project || 'default',
    source: {
      repoURL: source.repoURL,
      path: cleanPath(source.path ?? ''),
      targetRevision: source.targetRevision || 'HEAD',
      ...(source.directory ? { directory: { ...source.directory, recurse: source.directory.recurse ?? false } } : {}),
      ...(source.kustomize ? { kustomize: source.kustomize } : {}),
    },
    destination: { server, namespace: destination.namespace ?? '' },
    ...(automated && automated.enabled !== false
      ? {
          automated: {
            prune: automated.prune ?? false,
            selfHeal: automated.selfHeal ?? false,
            allowEmpty: automated.allowEmpty ?? false,
          },
        }
      : {}),
    syncOptions: options,
    ...(managedNamespaceMetadata ? { managedNamespaceMetadata } : {}),
    retry: {
      limit: Number(retry?.limit ?? 5),
      durationMs: durationMs(retry?.backoff?.duration, 5_000),
      factor: Number(retry?.backoff?.factor ?? 2),
      maxDurationMs: durationMs(retry?.backoff?.maxDuration, 180_000),
    },
    ignoreDifferences: (spec.ignoreDifferences ?? []).map(rule => ({
      group: rule.group ?? '',
      kind: rule.kind ?? '',
      ...(rule.name ? { name: rule.name } : {}),
      ...(rule.namespace ? { namespace: rule.namespace } : {}),
      jsonPointers: rule.jsonPointers ?? [],
      managers: rule.managedFieldsManagers ?? [],
    })),
    historyLimit: spec.revisionHistoryLimit ?? 10,
    ...(guard ? { guard } : {}),
    driftPolicy: metadata.annotations?.['daruma.dev/drift-policy'] === 'owned' ? 'owned' : 'strict',
  };
  return { application, conditions: [] };
}

/** How what it deployed is to be deleted, while the Application is being deleted and Argo CD's finalizer holds it; also for one that is not valid. */
export function deletionOf({ metadata }: KubeObject): 'foreground' | 'background' | undefined {
  const finalizer = metadata.finalizers?.find(name => name.startsWith(RESOURCES_FINALIZER));
  if (!metadata.deletionTimestamp || !finalizer) return undefined;
  return finalizer.endsWith('/background') ? 'background' : 'foreground';
}

function readGuard(object: KubeObject): Application['guard'] | string {
  const confirm = object.metadata.annotations?.['daruma.dev/confirm'];
  const role = object.metadata.annotations?.['daruma.dev/role'];
  if (!confirm && !role) return undefined;
  if (role && role !== 'lead' && role !== 'developer')
    return `metadata.annotations[daruma.dev/role]: ${role} is not a role; lead and developer are`;
  const name = object.metadata.name ?? '';
  return {
    confirm: confirm === 'true' ? name : confirm && confirm !== 'false' ? confirm : '',
    role: role === 'lead' ? 'lead' : 'developer',
  };
}

function cleanPath(path: string): string {
  return path
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .join('/');
}

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Go's duration syntax, as far as Argo CD documents it; a bare number is seconds. */
function durationMs(text: string | number | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  if (/^\d+$/.test(String(text))) return Number(text) * 1_000;
  const parts = [...String(text).matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0) return fallback;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? 's'] ?? 1_000), 0);
}
