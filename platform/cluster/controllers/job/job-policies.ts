// What a Job says about failures and successes of single pods and indexes, beyond counting them.
import type { Pod } from '../../controller-runtime/index.ts';
import { formatIndexes, indexOf, isIndexed, type Job, type JobStatus, parseIndexes } from './job.ts';
import type { Verdict } from './job-progress.ts';

export const FAILURE_COUNT = 'batch.kubernetes.io/job-index-failure-count';

interface FailureRule {
  action: string;
  onExitCodes?: { containerName?: string; operator: string; values: number[] };
  onPodConditions?: { type: string; status?: string }[];
}

export interface PodFailurePolicy {
  rules: FailureRule[];
}

export interface SuccessPolicy {
  rules: { succeededIndexes?: string; succeededCount?: number }[];
}

/** The first rule that a failed pod matches, and what of the pod it matched. */
function matchedRule(job: Job, pod: Pod): { action: string; message: string } | undefined {
  if (pod.status?.phase !== 'Failed') return undefined;
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  for (const [index, { action, onExitCodes, onPodConditions }] of (job.spec.podFailurePolicy?.rules ?? []).entries()) {
    const ending = `matching ${action} rule at index ${index}`;
    const exit = onExitCodes && matchedExit(pod, onExitCodes);
    if (exit) return { action, message: `Container ${exit.name} for pod ${name} failed with exit code ${exit.code} ${ending}` };
    const condition = onPodConditions?.find(({ type, status = 'True' }) =>
      pod.status?.conditions?.some(each => each.type === type && each.status === status),
    );
    if (condition) return { action, message: `Pod ${name} has condition ${condition.type} ${ending}` };
  }
  return undefined;
}

function matchedExit(pod: Pod, rule: NonNullable<FailureRule['onExitCodes']>): { name: string; code: number } | undefined {
  for (const { name, state } of [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])]) {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (rule.containerName && rule.containerName !== name)) continue;
    if (rule.values.includes(code) === (rule.operator === 'In')) return { name, code };
  }
  return undefined;
}

/** A failure that the job's policy says not to count. */
export function isIgnored(job: Job, pod: Pod): boolean {
  return matchedRule(job, pod)?.action === 'Ignore';
}

/** What the policies say of the job as a whole; undefined while they say nothing. */
export function policyVerdict(job: Job, status: JobStatus, pods: Pod[]): Verdict | undefined {
  for (const pod of pods) {
    const rule = matchedRule(job, pod);
    if (rule?.action === 'FailJob') return { type: 'Failed', reason: 'PodFailurePolicy', message: rule.message };
  }
  const completed = parseIndexes(status.completedIndexes);
  for (const [index, rule] of (job.spec.successPolicy?.rules ?? []).entries()) {
    const listed = rule.succeededIndexes === undefined ? undefined : parseIndexes(rule.succeededIndexes);
    const reached = listed ? [...listed].filter(each => completed.has(each)).length : completed.size;
    const needed = rule.succeededCount ?? listed?.size ?? Number.POSITIVE_INFINITY;
    if (reached >= needed) return { type: 'Complete', reason: 'SuccessPolicy', message: `Matched rules at index ${index}` };
  }
  return indexVerdict(job, status);
}

function indexVerdict(job: Job, status: JobStatus): Verdict | undefined {
  if (job.spec.backoffLimitPerIndex === undefined) return undefined;
  const failed = parseIndexes(status.failedIndexes).size;
  const { maxFailedIndexes, completions = 0 } = job.spec;
  if (maxFailedIndexes !== undefined && failed > maxFailedIndexes)
    return {
      type: 'Failed',
      reason: 'MaxFailedIndexesExceeded',
      message: 'Job has exceeded the specified maximal number of failed indexes',
    };
  if (failed > 0 && failed + parseIndexes(status.completedIndexes).size >= completions)
    return { type: 'Failed', reason: 'FailedIndexes', message: 'Job has failed indexes' };
  return undefined;
}

/** How often the pods of an index have failed, as far as they and their successors tell. */
export function failuresOf(job: Job, pods: Pod[], index: number): number {
  const counts = pods
    .filter(pod => indexOf(pod) === index && pod.status?.phase === 'Failed' && !isIgnored(job, pod))
    .map(pod => Number(pod.metadata.annotations?.[FAILURE_COUNT] ?? 0) + 1);
  return Math.max(0, ...counts);
}

/** The status with the indexes that have failed for good. */
export function withFailedIndexes(job: Job, status: JobStatus, pods: Pod[]): JobStatus {
  const limit = job.spec.backoffLimitPerIndex;
  if (limit === undefined || !isIndexed(job)) return status;
  const failed = parseIndexes(status.failedIndexes);
  const completed = parseIndexes(status.completedIndexes);
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index === undefined || completed.has(index) || pod.status?.phase !== 'Failed') continue;
    if (failuresOf(job, pods, index) > limit || matchedRule(job, pod)?.action === 'FailIndex') failed.add(index);
  }
  return { ...status, failedIndexes: formatIndexes(failed) };
}
