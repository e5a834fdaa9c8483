// Runs Jobs to completion, as kube-controller-manager does (pkg/controller/job).
import {
  type ControllerHost,
  canonical,
  claim,
  conditionOf,
  controllerOf,
  isActive,
  isReady,
  objectKey,
  type Pod,
  selectorMatches,
  timestamp,
} from '../../controller-runtime/index.ts';
import { createPods, deletePods } from '../replicaset/pod-batches.ts';
import { COMPONENT, endOf, isIndexed, isTerminating, type Job, type JobStatus, outcomeOf } from './job.ts';
import { backoffMs, missingIndexes, newPod, surplusPods, wantedActive } from './job-pods.ts';
import { isIgnored, withFailedIndexes } from './job-policies.ts';
import { suspensionConditions, untilDeadline, type Verdict, verdictConditions, verdictOn } from './job-progress.ts';
import { countReleased, isTracked, noteEnded, releasePod } from './pod-accounting.ts';

const MOST_ROUNDS = 10;
const OURS = 'kubernetes.io/job-controller';

export function runJobController(host: ControllerHost): void {
  const jobs = host.caches.of<Job>({ apiVersion: 'batch/v1', kind: 'Job' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const queue = host.queue({ name: COMPONENT, sync });

  jobs.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Job)));
  pods.onChange((next, previous) => {
    for (const pod of [next, previous]) {
      const owner = pod && controllerOf(pod);
      if (pod && owner?.kind === 'Job') queue.add(`${pod.metadata.namespace}/${owner.name}`);
    }
  });

  async function sync(key: string): Promise<number | undefined> {
    const job = jobs.getByKey(key);
    await releaseOrphans(key, job);
    if (!job || (job.spec.managedBy && job.spec.managedBy !== OURS)) return;
    const owned = await claim(job, pods, {
      matches: pod => selectorMatches(job.spec.selector, pod.metadata.labels),
      adopts: isActive,
    });
    const end = endOf(job);
    if (end) {
      for (const pod of owned) if (isTracked(pod)) await releasePod(pods, pod);
      return untilExpiry(job, end.lastTransitionTime ?? '');
    }
    return advance(job, owned);
  }

  async function advance(job: Job, owned: Pod[]): Promise<number | undefined> {
    const now = timestamp(host.clock);
    const { suspend = false } = job.spec;
    let status: JobStatus = { ...job.status, uncountedTerminatedPods: job.status?.uncountedTerminatedPods ?? {} };
    if (!suspend && !status.startTime) status.startTime = now;
    status = await account(job, status, owned);
    let living = ownedNow(job);
    // Some may have ended while others were counted.
    for (let round = 0; living.some(pod => isTracked(pod) && outcomeOf(job, pod)); round++) {
      if (round === MOST_ROUNDS) throw new Error(`pods of job ${job.metadata.name} end faster than they are counted`);
      status = await account(job, status, living);
      living = ownedNow(job);
    }
    status = withFailedIndexes(job, status, living);
    const verdict = verdictOn({ ...job, status }, status, {
      pods: living,
      active: living.filter(isActive).length,
      now: host.clock.now(),
    });
    const wait = verdict ? await stop(job, living, verdict) : await manage(job, status, living);
    living = ownedNow(job);
    // What was just deleted counts before the job may end.
    if (verdict) {
      status = await account(job, status, living);
      living = ownedNow(job);
    }
    const conditions = suspensionConditions(status, suspend, now);
    if (conditions) {
      status = { ...status, conditions };
      if (suspend) delete status.startTime;
      else status.startTime = now;
      host.events.record(
        COMPONENT,
        job,
        suspend ? { reason: 'Suspended', message: 'Job suspended' } : { reason: 'Resumed', message: 'Job resumed' },
      );
    }
    status = withCounts(status, living);
    if (verdict) status = withVerdict(job, status, verdict, { now, last: !living.some(isTerminating) && !living.some(isActive) });
    await save(job, status);
    const deadline = verdict || suspend ? undefined : untilDeadline(job, status, host.clock.now());
    const waits = [wait, deadline].filter(ms => ms !== undefined);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** Counts what has ended: noted in the status first, so that nothing is lost or counted twice. */
  async function account(job: Job, status: JobStatus, owned: Pod[]): Promise<JobStatus> {
    const noted = noteEnded(job, status, owned);
    if (noted !== status) await save(job, noted);
    const uids = new Set([...(noted.uncountedTerminatedPods?.succeeded ?? []), ...(noted.uncountedTerminatedPods?.failed ?? [])]);
    await Promise.all(
      owned
        .filter(pod => isTracked(pod) && (uids.has(pod.metadata.uid ?? '') || isIgnored(job, pod)))
        .map(pod => releasePod(pods, pod)),
    );
    return countReleased(job, noted, ownedNow(job));
  }

  function ownedNow(job: Job): Pod[] {
    const uid = job.metadata.uid ?? '';
    return pods.ownedBy(uid).filter(pod => controllerOf(pod)?.uid === uid);
  }

  /** Deletes what still runs. After a success those pods are no failures. */
  async function stop(job: Job, owned: Pod[], verdict: Verdict): Promise<undefined> {
    const active = owned.filter(isActive);
    if (verdict.type === 'Complete') return giveUp(job, active);
    await deletePods({ host, pods, component: COMPONENT, owner: job }, active);
    return undefined;
  }

  /** Deletes pods that the job no longer wants, without counting them as failed. */
  async function giveUp(job: Job, unwanted: Pod[]): Promise<undefined> {
    await Promise.all(unwanted.filter(isTracked).map(pod => releasePod(pods, pod)));
    await deletePods({ host, pods, component: COMPONENT, owner: job }, unwanted);
    return undefined;
  }

  async function manage(job: Job, status: JobStatus, owned: Pod[]): Promise<number | undefined> {
    const batch = { host, pods, component: COMPONENT, owner: job };
    const active = owned.filter(isActive);
    if (job.spec.suspend) return giveUp(job, active);
    if (job.metadata.deletionTimestamp) return undefined;
    const current = { ...job, status };
    const wanted = wantedActive(current, { succeeded: status.succeeded ?? 0, active: active.length });
    const surplus = surplusPods(current, active, wanted);
    if (surplus.length > 0) await giveUp(job, surplus);
    const occupied =
      active.length - surplus.length + (job.spec.podReplacementPolicy === 'Failed' ? owned.filter(isTerminating).length : 0);
    const missing = wanted - occupied;
    if (missing <= 0) return undefined;
    const wait = backoffMs(owned, host.clock.now());
    if (wait > 0) return wait;
    const created = isIndexed(job)
      ? missingIndexes(current, owned, missing).map(index => newPod(job, index, owned))
      : Array.from({ length: missing }, () => newPod(job));
    await createPods(batch, created);
    return undefined;
  }

  function withVerdict(job: Job, status: JobStatus, verdict: Verdict, { now, last }: { now: string; last: boolean }): JobStatus {
    const conditions = verdictConditions(status, verdict, { now, last });
    if (!last || conditionOf(status.conditions, verdict.type)) return { ...status, conditions };
    host.events.record(
      COMPONENT,
      job,
      verdict.type === 'Complete'
        ? { reason: 'Completed', message: 'Job completed' }
        : { type: 'Warning', reason: verdict.reason, message: verdict.message },
    );
    return { ...status, conditions, ...(verdict.type === 'Complete' ? { completionTime: now } : {}) };
  }

  async function save(job: Job, status: JobStatus): Promise<void> {
    const live = jobs.get(job.metadata.namespace, job.metadata.name ?? '');
    if (!live || live.metadata.uid !== job.metadata.uid || canonical(live.status ?? {}) === canonical(status)) return;
    await jobs.update({ ...live, status }, { subresource: 'status' });
  }

  // Pods must not hang on a job that can no longer count them.
  async function releaseOrphans(key: string, job: Job | undefined): Promise<void> {
    const [namespace, name] = key.split('/');
    for (const pod of pods.list(namespace)) {
      if (!isTracked(pod)) continue;
      const owner = controllerOf(pod);
      if (owner?.kind === 'Job' && owner.name === name && owner.uid !== job?.metadata.uid) await releasePod(pods, pod);
    }
  }

  async function untilExpiry(job: Job, endedAt: string): Promise<number | undefined> {
    const { ttlSecondsAfterFinished } = job.spec;
    if (ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp) return undefined;
    const wait = Date.parse(endedAt) + ttlSecondsAfterFinished * 1_000 - host.clock.now().getTime();
    if (wait > 0) return wait;
    await jobs.delete(job, { propagationPolicy: 'Foreground' });
    return undefined;
  }
}

function withCounts(status: JobStatus, pods: Pod[]): JobStatus {
  const { active: _, ...rest } = status;
  const active = pods.filter(isActive);
  return {
    ...rest,
    ...(active.length > 0 ? { active: active.length } : {}),
    ready: active.filter(isReady).length,
    terminating: pods.filter(isTerminating).length,
  };
}
