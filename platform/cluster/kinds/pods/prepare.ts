// What pods get besides defaults: their first status, tolerations for a lost node, and the rules of their subresources.
import { clone, ensure, keepMetadata, metaOf, restore, sameValue } from '../objects.ts';
import type { KindObject } from '../strategy.ts';
import { qosClass } from './qos.ts';
import type { Pod, PodSpec, Toleration } from './types.ts';

const LOST_NODE = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** The admission plugin DefaultTolerationSeconds: a pod stays five minutes on a node that is not ready or unreachable. */
function tolerateLostNode(spec: PodSpec): void {
  const tolerations = (spec.tolerations ?? []) as Toleration[];
  const tolerates = (key: string): boolean =>
    tolerations.some(one => (one.key === key || !one.key) && (!one.effect || one.effect === 'NoExecute'));
  const missing = LOST_NODE.filter(key => !tolerates(key));
  for (const key of missing) tolerations.push({ effect: 'NoExecute', key, operator: 'Exists', tolerationSeconds: 300 });
  if (missing.length > 0) spec.tolerations = tolerations;
}

const BUILT_IN_PRIORITIES: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

/** The pure part of the admission plugin Priority; a pod with a class of its own is left to the server, which knows the classes. */
function defaultPriority(spec: PodSpec): void {
  if (spec.priorityClassName && BUILT_IN_PRIORITIES[spec.priorityClassName] === undefined) return;
  spec.priority ??= BUILT_IN_PRIORITIES[spec.priorityClassName ?? ''] ?? 0;
  spec.preemptionPolicy ??= 'PreemptLowerPriority';
}

export function preparePodCreate(pod: Pod): void {
  const spec = ensure(pod, 'spec');
  pod.status = { phase: 'Pending', qosClass: qosClass(pod) };
  // Mirrors of gates that the scheduler reads from the status.
  if (spec.schedulingGates?.length) {
    pod.status.conditions = [
      {
        lastProbeTime: null as unknown as string,
        lastTransitionTime: null as unknown as string,
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        reason: 'SchedulingGated',
        status: 'False',
        type: 'PodScheduled',
      },
    ];
  }
  tolerateLostNode(spec);
  defaultPriority(spec);
}

/** A pod's tolerations are completed at updates too. */
export function preparePodUpdate(next: Pod): void {
  tolerateLostNode(ensure(next, 'spec'));
}

/** A status update may not touch owners, nor the class of service. */
export function preparePodStatusUpdate(next: Pod, previous: Pod): void {
  const meta = next.metadata;
  if (meta && previous.metadata?.ownerReferences) meta.ownerReferences = clone(previous.metadata.ownerReferences);
  if (next.status && !next.status.qosClass && previous.status?.qosClass) next.status.qosClass = previous.status.qosClass;
}

/** Brings everything but `fields` of the spec back, and raises the generation when they changed. */
function keepAllBut(next: KindObject, previous: KindObject, take: (from: Pod, to: Pod) => void): void {
  const wanted = clone(next) as unknown as Pod;
  const result = clone(previous) as unknown as Pod;
  take(wanted, result);
  next['spec'] = (result as unknown as KindObject)['spec'];
  restore(next, previous, 'status');
  keepMetadata(next, previous);
  const generation = metaOf(previous).generation ?? 0;
  metaOf(next).generation = sameValue(next['spec'], previous['spec']) ? generation : generation + 1;
}

export function prepareEphemeralContainers(next: KindObject, previous: KindObject): void {
  keepAllBut(next, previous, (from, to) => {
    ensure(to, 'spec').ephemeralContainers = from.spec?.ephemeralContainers ?? [];
  });
}

export function prepareResize(next: KindObject, previous: KindObject): void {
  keepAllBut(next, previous, (from, to) => {
    for (const list of ['containers', 'initContainers'] as const) {
      for (const [index, container] of (to.spec?.[list] ?? []).entries()) {
        const wanted = from.spec?.[list]?.[index];
        if (wanted?.name !== container.name) continue;
        if (wanted?.resources) container.resources = wanted.resources;
        if (wanted?.resizePolicy) container.resizePolicy = wanted.resizePolicy;
      }
    }
  });
}
