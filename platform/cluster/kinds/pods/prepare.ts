// What pods get besides defaults: their first status, and the rules of their subresources.
import { clone, ensure, keepMetadata, metaOf, restore, sameValue } from '../objects.ts';
import type { KindObject, WriteContext } from '../strategy.ts';
import { qosClass } from './qos.ts';
import type { Pod } from './types.ts';

export function preparePodCreate(pod: Pod, { now }: WriteContext): void {
  const spec = ensure(pod, 'spec');
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1;
  pod.status = { phase: 'Pending', qosClass: qosClass(pod) };
  // Mirrors of gates that the scheduler reads from the status.
  if (spec.schedulingGates?.length) {
    pod.status.conditions = [
      {
        lastProbeTime: null as unknown as string,
        lastTransitionTime: now.toISOString().replace(/\.\d+Z$/, 'Z'),
        message: 'Scheduling is blocked due to non-empty scheduling gates',
        reason: 'SchedulingGated',
        status: 'False',
        type: 'PodScheduled',
      },
    ];
  }
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
