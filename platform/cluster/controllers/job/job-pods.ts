// The pods of a Job: what they are made of, which are missing, and how long a failure holds the next one back.
import { type Container, isActive, type Pod, podFrom } from '../../controller-runtime/index.ts';
import { INDEX, indexOf, isIndexed, type Job, parseIndexes, TRACKING } from './job.ts';
import { FAILURE_COUNT, failuresOf } from './job-policies.ts';

const FIRST_BACKOFF_MS = 10_000;
const LAST_BACKOFF_MS = 600_000;

/** `pods` are those that the job had before: they tell how often an index has failed. */
export function newPod(job: Job, index?: number, pods: Pod[] = []): Pod {
  const pod = podFrom(job.spec.template, job);
  pod.metadata.finalizers = [...(pod.metadata.finalizers ?? []), TRACKING];
  if (index === undefined) return pod;
  pod.metadata.generateName = `${job.metadata.name}-${index}-`;
  const failures: Record<string, string> =
    job.spec.backoffLimitPerIndex === undefined ? {} : { [FAILURE_COUNT]: String(failuresOf(job, pods, index)) };
  pod.metadata.annotations = { ...pod.metadata.annotations, [INDEX]: String(index), ...failures };
  pod.metadata.labels = { ...pod.metadata.labels, [INDEX]: String(index) };
  pod.spec.hostname = `${job.metadata.name}-${index}`;
  for (const container of [...(pod.spec.initContainers ?? []), ...pod.spec.containers]) addIndex(container);
  return pod;
}

function addIndex(container: Container): void {
  const name = 'JOB_COMPLETION_INDEX';
  if (container.env?.some(variable => variable.name === name)) return;
  container.env = [...(container.env ?? []), { name, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${INDEX}']` } } }];
}

/** How many pods should be active now. */
export function wantedActive(job: Job, { succeeded, active }: { succeeded: number; active: number }): number {
  const { completions, parallelism = 1 } = job.spec;
  if (completions === undefined || completions === null) return succeeded > 0 ? active : parallelism;
  return Math.min(Math.max(0, completions - succeeded - parseIndexes(job.status?.failedIndexes).size), parallelism);
}

/** The first `count` indexes that neither are complete nor have an active pod. */
export function missingIndexes(job: Job, pods: Pod[], count: number): number[] {
  const taken = new Set([...parseIndexes(job.status?.completedIndexes), ...parseIndexes(job.status?.failedIndexes)]);
  for (const pod of pods) {
    const index = indexOf(pod);
    if (index !== undefined && (isActive(pod) || pod.status?.phase === 'Succeeded')) taken.add(index);
  }
  const missing: number[] = [];
  for (let index = 0; index < (job.spec.completions ?? 0) && missing.length < count; index++)
    if (!taken.has(index)) missing.push(index);
  return missing;
}

/** Active pods that the job has too many of: those whose index is complete or has another pod first, then the youngest. */
export function surplusPods(job: Job, active: Pod[], wanted: number): Pod[] {
  const oldestFirst = [...active].sort((a, b) => created(a) - created(b));
  if (!isIndexed(job)) return oldestFirst.slice(wanted);
  const seen = parseIndexes(job.status?.completedIndexes);
  const surplus: Pod[] = [];
  const kept: Pod[] = [];
  for (const pod of oldestFirst) {
    const index = indexOf(pod);
    if (index === undefined || seen.has(index) || index >= (job.spec.completions ?? 0)) surplus.push(pod);
    else {
      seen.add(index);
      kept.push(pod);
    }
  }
  return [...surplus, ...kept.slice(wanted)];
}

function created(pod: Pod): number {
  return Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
}

function finishedAt(pod: Pod): number {
  const times = (pod.status?.containerStatuses ?? []).map(({ state }) =>
    Date.parse((state?.terminated as { finishedAt?: string } | undefined)?.finishedAt ?? ''),
  );
  const last = Math.max(...times.filter(time => !Number.isNaN(time)));
  return Number.isFinite(last) ? last : Date.parse(pod.metadata.deletionTimestamp ?? '') || created(pod);
}

/** Milliseconds that the next pod still waits after failures in a row: 10 s, doubled by each, at most 10 minutes. */
export function backoffMs(pods: Pod[], now: Date): number {
  const ends = (phase: string) => pods.filter(pod => pod.status?.phase === phase).map(finishedAt);
  const lastSuccess = Math.max(0, ...ends('Succeeded'));
  const failures = ends('Failed').filter(time => time > lastSuccess);
  if (failures.length === 0) return 0;
  const wait = Math.min(FIRST_BACKOFF_MS * 2 ** (failures.length - 1), LAST_BACKOFF_MS);
  return Math.max(0, Math.max(...failures) + wait - now.getTime());
}
