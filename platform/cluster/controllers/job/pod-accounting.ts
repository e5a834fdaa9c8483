// Counts each ended pod of a Job exactly once, whatever is deleted or crashes in between: note its uid, release it, count it.
import { isNotFound, type ObjectCache, type Pod } from '../../controller-runtime/index.ts';
import { formatIndexes, indexOf, isIndexed, type Job, type JobStatus, outcomeOf, parseIndexes, TRACKING } from './job.ts';
import { isIgnored } from './job-policies.ts';

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(TRACKING) ?? false;
}

export async function releasePod(pods: ObjectCache<Pod>, pod: Pod): Promise<void> {
  const finalizers = (pod.metadata.finalizers ?? []).filter(finalizer => finalizer !== TRACKING);
  const { uid, resourceVersion } = pod.metadata;
  try {
    await pods.patch(pod, { metadata: { uid, resourceVersion, finalizers: finalizers.length > 0 ? finalizers : null } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Notes the uids of ended pods that are not counted yet. The same object when there are none. */
export function noteEnded(job: Job, status: JobStatus, pods: Pod[]): JobStatus {
  const noted = {
    succeeded: [...(status.uncountedTerminatedPods?.succeeded ?? [])],
    failed: [...(status.uncountedTerminatedPods?.failed ?? [])],
  };
  const known = new Set([...noted.succeeded, ...noted.failed]);
  const indexes = parseIndexes(status.completedIndexes);
  let changed = false;
  for (const pod of pods) {
    const { uid = '' } = pod.metadata;
    const outcome = outcomeOf(job, pod);
    if (!outcome || !isTracked(pod) || known.has(uid) || isIgnored(job, pod)) continue;
    changed = true;
    if (outcome === 'succeeded' && isIndexed(job)) {
      const index = indexOf(pod);
      // A second success of the same index adds nothing.
      if (index !== undefined && index < (job.spec.completions ?? 0)) indexes.add(index);
    }
    noted[outcome].push(uid);
  }
  if (!changed) return status;
  return {
    ...status,
    ...(indexes.size > 0 ? { completedIndexes: formatIndexes(indexes) } : {}),
    uncountedTerminatedPods: withoutEmpty(noted),
  };
}

/** Moves the noted pods that are released or gone into the counts. */
export function countReleased(job: Job, status: JobStatus, pods: Pod[]): JobStatus {
  const held = new Set(pods.filter(isTracked).map(pod => pod.metadata.uid));
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const isHeld = (uid: string) => held.has(uid);
  const left = { succeeded: succeeded.filter(isHeld), failed: failed.filter(isHeld) };
  const successes = isIndexed(job)
    ? parseIndexes(status.completedIndexes).size
    : (status.succeeded ?? 0) + succeeded.length - left.succeeded.length;
  const failures = (status.failed ?? 0) + failed.length - left.failed.length;
  return {
    ...status,
    ...(successes > 0 ? { succeeded: successes } : {}),
    ...(failures > 0 ? { failed: failures } : {}),
    uncountedTerminatedPods: withoutEmpty(left),
  };
}

function withoutEmpty({ succeeded, failed }: { succeeded: string[]; failed: string[] }) {
  return { ...(succeeded.length > 0 ? { succeeded } : {}), ...(failed.length > 0 ? { failed } : {}) };
}
