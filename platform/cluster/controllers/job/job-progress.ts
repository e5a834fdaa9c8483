// Where a Job stands: what ends it, and the conditions that tell so.
import { type Condition, conditionOf, type Pod, withCondition } from '../../controller-runtime/index.ts';
import type { Job, JobStatus } from './job.ts';
import { policyVerdict } from './job-policies.ts';

export interface Verdict {
  type: 'Complete' | 'Failed';
  reason: string;
  message: string;
}

/** Why the job ends now; undefined while it goes on. An earlier verdict stands. */
export function verdictOn(
  job: Job,
  status: JobStatus,
  { pods, active, now }: { pods: Pod[]; active: number; now: Date },
): Verdict | undefined {
  const target = status.conditions?.find(
    ({ type, status: state }) => (type === 'FailureTarget' || type === 'SuccessCriteriaMet') && state === 'True',
  );
  if (target) {
    const { reason = '', message = '' } = target;
    return { type: target.type === 'FailureTarget' ? 'Failed' : 'Complete', reason, message };
  }
  const byPolicy = policyVerdict(job, status, pods);
  if (byPolicy) return byPolicy;
  const { backoffLimit = 6, activeDeadlineSeconds, completions, suspend } = job.spec;
  const succeeded = status.succeeded ?? 0;
  if ((status.failed ?? 0) > backoffLimit || restartsExceed(job, pods, backoffLimit))
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  if (activeDeadlineSeconds !== undefined && !suspend && untilDeadline(job, status, now) === 0)
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  const complete = completions === undefined || completions === null ? succeeded > 0 && active === 0 : succeeded >= completions;
  if (complete && !suspend)
    return { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' };
  return undefined;
}

function restartsExceed(job: Job, pods: Pod[], limit: number): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false;
  let restarts = 0;
  for (const { status } of pods) {
    if (status?.phase !== 'Running' && status?.phase !== 'Pending') continue;
    for (const { restartCount = 0 } of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])])
      restarts += restartCount;
  }
  return limit === 0 ? restarts > 0 : restarts >= limit;
}

/** Milliseconds until the active deadline; undefined when there is none or the clock is not running. */
export function untilDeadline(job: Job, status: JobStatus, now: Date): number | undefined {
  const { activeDeadlineSeconds } = job.spec;
  if (activeDeadlineSeconds === undefined || !status.startTime) return undefined;
  return Math.max(0, Date.parse(status.startTime) + activeDeadlineSeconds * 1_000 - now.getTime());
}

/** The verdict itself comes last, when no pod is left that could still change the counts. */
export function verdictConditions(
  status: JobStatus,
  verdict: Verdict,
  { now, last }: { now: string; last: boolean },
): Condition[] {
  const { type, reason, message } = verdict;
  const condition = (name: string): Condition => ({
    type: name,
    status: 'True',
    lastProbeTime: now,
    lastTransitionTime: now,
    reason,
    message,
  });
  const target = type === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet';
  let conditions = status.conditions ?? [];
  if (!conditionOf(conditions, target)) conditions = withCondition(conditions, condition(target));
  if (last && !conditionOf(conditions, type)) conditions = withCondition(conditions, condition(type));
  return conditions;
}

/** The conditions that tell a suspension or its end; undefined when there is nothing to tell. */
export function suspensionConditions(status: JobStatus, suspended: boolean, now: string): Condition[] | undefined {
  const conditions = status.conditions ?? [];
  const told = conditionOf(conditions, 'Suspended')?.status === 'True';
  if (told === suspended) return undefined;
  return withCondition(conditions, {
    type: 'Suspended',
    status: suspended ? 'True' : 'False',
    lastProbeTime: now,
    lastTransitionTime: now,
    reason: suspended ? 'JobSuspended' : 'JobResumed',
    message: suspended ? 'Job suspended' : 'Job resumed',
  });
}
