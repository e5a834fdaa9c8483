// Starts the Jobs of CronJobs at their times, and keeps the history as long as asked.
import { messageOf } from '../../../core/index.ts';
import type { KubeObject } from '../../../kube/index.ts';
import {
  type ControllerHost,
  canonical,
  controllerOf,
  controllerReference,
  isAlreadyExists,
  objectKey,
} from '../../controller-runtime/index.ts';
import { endOf, type Job, type JobSpec } from '../job/job.ts';
import { type CronSchedule, parseCron } from './cron-schedule.ts';

interface JobReference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion?: string;
}

interface CronJob extends KubeObject {
  spec: {
    schedule: string;
    timeZone?: string;
    startingDeadlineSeconds?: number;
    concurrencyPolicy?: string;
    suspend?: boolean;
    successfulJobsHistoryLimit?: number;
    failedJobsHistoryLimit?: number;
    jobTemplate: { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: JobSpec };
  };
  status?: { active?: JobReference[]; lastScheduleTime?: string; lastSuccessfulTime?: string };
}

const COMPONENT = 'cronjob-controller';
const SCHEDULED_AT = 'batch.kubernetes.io/cronjob-scheduled-timestamp';
const MOST_MISSED = 100;
// The clock may be a little early.
const SLACK_MS = 100;

export function runCronJobController(host: ControllerHost): void {
  const cronJobs = host.caches.of<CronJob>({ apiVersion: 'batch/v1', kind: 'CronJob' });
  const jobs = host.caches.of<Job>({ apiVersion: 'batch/v1', kind: 'Job' });
  const queue = host.queue({ name: COMPONENT, sync });

  cronJobs.onChange((next, previous) => queue.add(objectKey((next ?? previous) as CronJob)));
  jobs.onChange((next, previous) => {
    const job = (next ?? previous) as Job;
    const owner = controllerOf(job);
    if (owner?.kind === 'CronJob') queue.add(`${job.metadata.namespace}/${owner.name}`);
  });

  async function sync(key: string): Promise<number | undefined> {
    const cronJob = cronJobs.getByKey(key);
    if (!cronJob) return;
    const owned = jobs.ownedBy(cronJob.metadata.uid ?? '').filter(job => controllerOf(job)?.uid === cronJob.metadata.uid);
    await dropHistory(cronJob, owned);
    const status = observe(cronJob, owned);
    const schedule = scheduleOf(cronJob);
    if (cronJob.metadata.deletionTimestamp || cronJob.spec.suspend || !schedule) {
      await save(cronJob, status);
      return;
    }
    const now = host.clock.now();
    const due = mostRecent(cronJob, schedule, now);
    if (due && due.toISOString() !== new Date(status.lastScheduleTime ?? 0).toISOString())
      await runAt(cronJob, { due, now, status, owned });
    await save(cronJob, status);
    const next = schedule.next(now);
    return next && next.getTime() - now.getTime() + SLACK_MS;
  }

  function scheduleOf(cronJob: CronJob): CronSchedule | undefined {
    try {
      return parseCron(cronJob.spec.schedule, cronJob.spec.timeZone);
    } catch (error) {
      host.events.record(COMPONENT, cronJob, {
        type: 'Warning',
        reason: 'UnparseableSchedule',
        message: `unparseable schedule: "${cronJob.spec.schedule}" : ${messageOf(error)}`,
      });
      return undefined;
    }
  }

  /** The latest time that is due and not yet past its starting deadline. */
  function mostRecent(cronJob: CronJob, schedule: CronSchedule, now: Date): Date | undefined {
    const { startingDeadlineSeconds } = cronJob.spec;
    let from = Date.parse(cronJob.status?.lastScheduleTime ?? cronJob.metadata.creationTimestamp ?? '') || now.getTime();
    if (startingDeadlineSeconds !== undefined) from = Math.max(from, now.getTime() - startingDeadlineSeconds * 1_000);
    let due: Date | undefined;
    let missed = 0;
    for (let next = schedule.next(new Date(from)); next && next <= now; next = schedule.next(next)) {
      due = next;
      if (++missed < MOST_MISSED) continue;
      host.events.record(COMPONENT, cronJob, {
        type: 'Warning',
        reason: 'TooManyMissedTimes',
        message: 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
      });
      // All but the last interval is given up, as nothing would ever come of it.
      const interval = next.getTime() - (schedule.next(new Date(from))?.getTime() ?? 0);
      const skipped = new Date(Math.max(next.getTime(), now.getTime() - Math.max(interval / MOST_MISSED, 60_000) * 2));
      for (let late = schedule.next(skipped); late && late <= now; late = schedule.next(late)) due = late;
      break;
    }
    return due;
  }

  async function runAt(
    cronJob: CronJob,
    { due, status, owned }: { due: Date; now: Date; status: NonNullable<CronJob['status']>; owned: Job[] },
  ): Promise<void> {
    const active = owned.filter(job => !endOf(job));
    const { concurrencyPolicy } = cronJob.spec;
    if (concurrencyPolicy === 'Forbid' && active.length > 0) {
      host.events.record(COMPONENT, cronJob, {
        reason: 'JobAlreadyActive',
        message: 'Not starting job because prior execution is running and concurrency policy is Forbid',
      });
      return;
    }
    if (concurrencyPolicy === 'Replace') for (const job of active) await remove(cronJob, job);
    const wanted = jobAt(cronJob, due);
    try {
      const job = await jobs.create(wanted);
      host.events.record(COMPONENT, cronJob, { reason: 'SuccessfulCreate', message: `Created job ${job.metadata.name}` });
      status.active = [...(concurrencyPolicy === 'Replace' ? [] : (status.active ?? [])), referenceTo(job)];
    } catch (error) {
      if (!isAlreadyExists(error)) {
        host.events.record(COMPONENT, cronJob, {
          type: 'Warning',
          reason: 'FailedCreate',
          message: `Error creating job: ${messageOf(error)}`,
        });
        throw error;
      }
    }
    status.lastScheduleTime = due.toISOString().replace('.000Z', 'Z');
  }

  async function remove(cronJob: CronJob, job: Job): Promise<void> {
    await jobs.delete(job, { propagationPolicy: 'Background' });
    host.events.record(COMPONENT, cronJob, { reason: 'SuccessfulDelete', message: `Deleted job ${job.metadata.name}` });
  }

  /** What the jobs tell: which are active, when the last one succeeded. */
  function observe(cronJob: CronJob, owned: Job[]): NonNullable<CronJob['status']> {
    const status = { ...cronJob.status };
    const listed = new Set((status.active ?? []).map(({ uid }) => uid));
    for (const job of owned) {
      const end = endOf(job);
      if (!end) continue;
      if (listed.has(job.metadata.uid ?? ''))
        host.events.record(COMPONENT, cronJob, {
          reason: 'SawCompletedJob',
          message: `Saw completed job: ${job.metadata.name}, condition: ${end.type}`,
        });
      const completed = end.type === 'Complete' ? job.status?.completionTime : undefined;
      if (completed && Date.parse(completed) > (Date.parse(status.lastSuccessfulTime ?? '') || 0))
        status.lastSuccessfulTime = completed;
    }
    const active = owned.filter(job => !endOf(job)).map(referenceTo);
    if (active.length > 0) status.active = active;
    else delete status.active;
    return status;
  }

  async function dropHistory(cronJob: CronJob, owned: Job[]): Promise<void> {
    const { successfulJobsHistoryLimit: successes = 3, failedJobsHistoryLimit: failures = 1 } = cronJob.spec;
    for (const [type, limit] of [
      ['Complete', successes],
      ['Failed', failures],
    ] as const) {
      const ended = owned.filter(job => endOf(job)?.type === type && !job.metadata.deletionTimestamp);
      ended.sort((a, b) => (Date.parse(a.status?.startTime ?? '') || 0) - (Date.parse(b.status?.startTime ?? '') || 0));
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) await remove(cronJob, job);
    }
  }

  async function save(cronJob: CronJob, status: NonNullable<CronJob['status']>): Promise<void> {
    if (canonical(status) !== canonical(cronJob.status ?? {}))
      await cronJobs.update({ ...cronJob, status }, { subresource: 'status' });
  }
}

function jobAt(cronJob: CronJob, due: Date): Job {
  const { metadata: template, spec } = cronJob.spec.jobTemplate;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `${cronJob.metadata.name}-${Math.floor(due.getTime() / 60_000)}`,
      namespace: cronJob.metadata.namespace ?? '',
      ...(template?.labels ? { labels: { ...template.labels } } : {}),
      annotations: { ...template?.annotations, [SCHEDULED_AT]: due.toISOString().replace('.000Z', 'Z') },
      ownerReferences: [controllerReference(cronJob)],
    },
    spec: structuredClone(spec),
  };
}

function referenceTo({ apiVersion, kind, metadata }: Job): JobReference {
  const { name = '', namespace, uid = '', resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace ? { namespace } : {}),
    uid,
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}
