// Whose a kind cluster is: a file in the home says what was made, the cluster itself carries the same mark.
import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DarumaError, type HomePaths, readFileIfExists, writeFileAtomic } from '../../platform/core/index.ts';
import type { KubeClient } from '../../platform/kube/index.ts';
import type { ProcessIdentity } from '../process-identity.ts';
import type { ContainerRuntime } from './container-tools.ts';

export interface KindRecord {
  cluster: string;
  /** The mark of this very cluster; another one of the same name has another. */
  id: string;
  runtime: ContainerRuntime;
  /** `creating` until it was usable once: what is left of such a one is removed. */
  phase: 'creating' | 'created';
  /** The network of kind, when there was none before. */
  madeNetwork?: string;
  /** The process that creates the cluster: one that outlived its appliance would undo what comes after. */
  creator?: ProcessIdentity;
}

const MARK = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'daruma-cluster' };

/** At most 49 characters, so that the names of its nodes stay host names. */
export function kindClusterName(instance: string, home: string): string {
  return `daruma-${instance}-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`;
}

export function newRecord(fields: Omit<KindRecord, 'id' | 'phase'>): KindRecord {
  return { ...fields, id: randomUUID(), phase: 'creating' };
}

export async function readRecord(paths: HomePaths): Promise<KindRecord | undefined> {
  const text = await readFileIfExists(recordPath(paths));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as KindRecord;
  } catch (cause) {
    throw new DarumaError('STORE_DAMAGED', `${recordPath(paths)} is not JSON`, {
      hint: 'remove it and the cluster: kind get clusters, kind delete cluster --name NAME',
      cause,
    });
  }
}

export async function writeRecord(paths: HomePaths, record: KindRecord): Promise<void> {
  await writeFileAtomic(recordPath(paths), `${JSON.stringify(record, null, 2)}\n`);
}

/** Puts the mark on a new cluster. */
export async function markCluster(client: KubeClient, { id }: KindRecord, signal: AbortSignal): Promise<void> {
  const { namespace, name, ...kind } = MARK;
  await client.apply(
    { ...kind, metadata: { namespace, name, labels: { 'app.kubernetes.io/managed-by': 'daruma' } }, data: { id } },
    { force: true, signal },
  );
}

/** @throws DarumaError CONFLICT when the cluster carries another mark, or none */
export async function checkMark(client: KubeClient, record: KindRecord, signal: AbortSignal): Promise<void> {
  const found = await client.get<{ apiVersion: string; kind: string; metadata: object; data?: { id?: string } }>(MARK, {
    signal,
  });
  if (found?.data?.id !== record.id) throw foreignCluster(record.cluster);
}

export function foreignCluster(cluster: string): DarumaError {
  return new DarumaError('CONFLICT', `there is a kind cluster ${cluster} that was not made from this home; it is left alone`, {
    hint: `remove it yourself (kind delete cluster --name ${cluster}), or use another --name`,
    data: { cluster },
  });
}

function recordPath({ cluster }: HomePaths): string {
  return join(cluster, 'kind.json');
}
