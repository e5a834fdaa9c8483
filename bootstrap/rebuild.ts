// The disaster-recovery drill: remembers every managed object, destroys the cluster, rebuilds it from Git and compares.
import { join } from 'node:path';
import type { RebuildPhase, RebuildReport } from '../platform/api/index.ts';
import {
  type Clock,
  DarumaError,
  type FieldChange,
  type HomePaths,
  type Journal,
  writeFileAtomic,
} from '../platform/core/index.ts';
import type { ManagedObject } from '../platform/gitops/index.ts';
import type { ClusterSide } from './cluster-side.ts';

export interface RebuildOptions {
  side: ClusterSide;
  provider: string;
  paths: HomePaths;
  journal: Journal;
  clock: Clock;
  signal: AbortSignal;
  /** The tip of the GitOps repository, for the report. */
  lastCommit(): Promise<string>;
  /** Resolves when every application is healthy again. */
  healthy(options: { signal: AbortSignal; timeoutMs: number }): Promise<void>;
}

const HEALTHY_TIMEOUT_MS = 120_000;

/** Each application comes back at its last deployed revision. The report is written to the home's `reports` folder too. */
export async function rebuild(options: RebuildOptions): Promise<RebuildReport> {
  const { side, provider, paths, journal, clock, signal } = options;
  const now = () => clock.now().getTime();
  const phases: RebuildPhase[] = [];
  const phase = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const from = now();
    const result = await work();
    phases.push({ name, ms: now() - from });
    return result;
  };
  const before = await side.gitops.snapshot();
  const lost = await whatGitCannotHold(side);

  const from = now();
  await phase('destroy', () => side.destroy());
  journal.record('cluster.destroyed', { provider });
  await phase('cluster', () => side.startCluster({ signal, onProgress: () => {} }));
  await phase('engine', () => side.startEngine({ awaitRestore: true }));
  const results = await phase('applications', () => side.gitops.restore({ signal }));
  const failed = results.find(result => result.phase === 'Failed');
  if (failed)
    throw new DarumaError('SYNC_FAILED', `${failed.application} was not restored: ${failed.message}`, {
      hint: `daruma sync ${failed.application}`,
    });
  await phase('healthy', () => options.healthy({ signal, timeoutMs: HEALTHY_TIMEOUT_MS }));
  const recoveryMs = now() - from;

  const after = await side.gitops.snapshot();
  const report: RebuildReport = {
    recoveryMs,
    phases,
    before: before.length,
    after: after.length,
    ...compare(before, after),
    lost,
    lastCommit: await options.lastCommit(),
    finishedAt: clock.now().toISOString(),
  };
  journal.record('rebuild.finished', {
    recoveryMs,
    equal: report.equal,
    different: report.different.length,
    missing: report.missing.length,
    extra: report.extra.length,
  });
  await writeFileAtomic(
    join(paths.reports, `rebuild-${report.finishedAt.replaceAll(':', '-')}.json`),
    `${JSON.stringify(report, null, 2)}\n`,
  );
  return report;
}

/** What two snapshots have in common and where they differ. */
export function compare(
  before: ManagedObject[],
  after: ManagedObject[],
): Pick<RebuildReport, 'equal' | 'different' | 'missing' | 'extra'> {
  const keyOf = ({ namespace, resource }: ManagedObject) => (namespace ? `${namespace}/${resource}` : resource);
  const found = new Map(after.map(one => [keyOf(one), one]));
  const different: RebuildReport['different'] = [];
  const missing: string[] = [];
  let equal = 0;
  for (const was of before) {
    const is = found.get(keyOf(was));
    if (!is) {
      missing.push(keyOf(was));
      continue;
    }
    found.delete(keyOf(was));
    const changes = changedFields(was.object, is.object, '');
    if (changes.length === 0) equal++;
    else different.push({ resource: was.resource, ...(was.namespace ? { namespace: was.namespace } : {}), changes });
  }
  return { equal, different, missing, extra: [...found.keys()] };
}

function changedFields(was: unknown, is: unknown, path: string): FieldChange[] {
  if (JSON.stringify(was) === JSON.stringify(is)) return [];
  const isTree = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isTree(was) || !isTree(is)) return [{ path, desired: was, live: is }];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .sort()
    .flatMap(key => changedFields(was[key], is[key], path === '' ? key : `${path}.${key}`));
}

/** Volumes, and Secrets that no application manages. */
async function whatGitCannotHold(side: ClusterSide): Promise<string[]> {
  const managed = new Set((await side.gitops.snapshot()).map(one => `${one.namespace ?? ''}/${one.resource}`));
  const lost: string[] = [];
  const claims = await side.client.list({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  for (const { metadata } of claims.items) lost.push(`data of PersistentVolumeClaim ${metadata.namespace}/${metadata.name}`);
  const secrets = await side.client.list({ apiVersion: 'v1', kind: 'Secret' });
  for (const { metadata, type } of secrets.items) {
    const generated = type === 'kubernetes.io/service-account-token' || metadata.namespace?.startsWith('kube-');
    if (!generated && !managed.has(`${metadata.namespace}/Secret/${metadata.name}`))
      lost.push(`Secret ${metadata.namespace}/${metadata.name}, which no application manages`);
  }
  return lost;
}
