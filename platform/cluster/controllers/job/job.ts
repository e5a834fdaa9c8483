// The fields of Jobs, and what their finished pods mean.
import type { KubeObject } from '../../../kube/index.ts';
import { type Condition, isFinished, type LabelSelector, type Pod, type PodTemplate } from '../../controller-runtime/index.ts';
import type { PodFailurePolicy, SuccessPolicy } from './job-policies.ts';

export const COMPONENT = 'job-controller';
/** Held by each pod until its end is counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
export const INDEX = 'batch.kubernetes.io/job-completion-index';

export interface JobStatus {
  active?: number;
  ready?: number;
  terminating?: number;
  succeeded?: number;
  failed?: number;
  startTime?: string;
  completionTime?: string;
  completedIndexes?: string;
  failedIndexes?: string;
  uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] };
  conditions?: Condition[];
}

export interface JobSpec {
  completions?: number;
  parallelism?: number;
  backoffLimit?: number;
  activeDeadlineSeconds?: number;
  ttlSecondsAfterFinished?: number;
  suspend?: boolean;
  completionMode?: string;
  podReplacementPolicy?: string;
  podFailurePolicy?: PodFailurePolicy;
  successPolicy?: SuccessPolicy;
  backoffLimitPerIndex?: number;
  maxFailedIndexes?: number;
  managedBy?: string;
  selector?: LabelSelector;
  template: PodTemplate;
}

export interface Job extends KubeObject {
  spec: JobSpec;
  status?: JobStatus;
}

export function isIndexed(job: Job): boolean {
  return job.spec.completionMode === 'Indexed';
}

/** The condition that ended the job, if it has ended. */
export function endOf(job: Job): Condition | undefined {
  return job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
}

/** How a pod of the job ended; undefined while it runs. One that is deleted in mid-run counts as failed. */
export function outcomeOf(job: Job, pod: Pod): 'succeeded' | 'failed' | undefined {
  if (pod.status?.phase === 'Succeeded') return 'succeeded';
  if (pod.status?.phase === 'Failed') return 'failed';
  return pod.metadata.deletionTimestamp && job.spec.podReplacementPolicy !== 'Failed' ? 'failed' : undefined;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !isFinished(pod);
}

export function indexOf(pod: Pod): number | undefined {
  const index = Number(pod.metadata.annotations?.[INDEX] ?? Number.NaN);
  return Number.isInteger(index) ? index : undefined;
}

/** `0-2,5` as numbers. */
export function parseIndexes(text: string | undefined): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue;
    const [from = 0, to = from] = part.split('-').map(Number);
    for (let index = from; index <= to; index++) indexes.add(index);
  }
  return indexes;
}

/** Numbers as `0-2,5`; two in a row are written apart. */
export function formatIndexes(indexes: Set<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (to + 1 < sorted.length && sorted[to + 1] === (sorted[to] ?? 0) + 1) to++;
    if (to - from >= 2) parts.push(`${sorted[from]}-${sorted[to]}`);
    else for (let at = from; at <= to; at++) parts.push(String(sorted[at]));
    from = to + 1;
  }
  return parts.join(',');
}
