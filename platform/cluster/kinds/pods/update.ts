// What an update of a pod may change: images, deadlines, more tolerations, fewer scheduling gates.
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid } from '../field-errors.ts';
import { clone, sameValue } from '../objects.ts';
import { structDifference } from './struct-difference.ts';
import type { Pod, PodSpec } from './types.ts';
import { validatePodSpec } from './validate-pod.ts';

const ALLOWED =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,' +
  '`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function validateTolerationAdditions(next: PodSpec, previous: PodSpec): FieldError[] {
  const without = (toleration: NonNullable<PodSpec['tolerations']>[number]): unknown => ({
    ...toleration,
    tolerationSeconds: undefined,
  });
  const kept = (previous.tolerations ?? []).every(before =>
    (next.tolerations ?? []).some(after => sameValue(without(after), without(before))),
  );
  return kept ? [] : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}

function validateDeadline(next: PodSpec, previous: PodSpec): FieldError[] {
  const field = 'spec.activeDeadlineSeconds';
  const after = next.activeDeadlineSeconds;
  const before = previous.activeDeadlineSeconds;
  if (typeof after === 'number') {
    if (after < 0 || after > 2_147_483_647) return [invalid(field, after, 'must be between 0 and 2147483647, inclusive')];
    return typeof before === 'number' && before < after
      ? [invalid(field, after, 'must be less than or equal to previous value')]
      : [];
  }
  return typeof before === 'number' ? [invalid(field, null, 'must not update from a positive integer to nil value')] : [];
}

/** `next` with everything that an update may change brought back, so that any difference left is a forbidden one. */
function withoutAllowedChanges(next: PodSpec, previous: PodSpec): PodSpec {
  const spec = clone(next);
  for (const list of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[list] ?? []).entries()) {
      const image = previous[list]?.[index]?.image;
      if (image !== undefined) container.image = image;
    }
  }
  spec.tolerations = clone(previous.tolerations) ?? [];
  if (previous.activeDeadlineSeconds === undefined) delete spec.activeDeadlineSeconds;
  else spec.activeDeadlineSeconds = previous.activeDeadlineSeconds;
  if ((previous.terminationGracePeriodSeconds ?? 0) < 0 && spec.terminationGracePeriodSeconds === 1) {
    spec.terminationGracePeriodSeconds = previous.terminationGracePeriodSeconds as number;
  }
  const gates = new Set((previous.schedulingGates ?? []).map(gate => gate.name));
  if ((spec.schedulingGates ?? []).every(gate => gates.has(gate.name))) {
    spec.schedulingGates = clone(previous.schedulingGates) ?? [];
    // A gated pod is not scheduled yet: where it may run can still be narrowed.
    if (gates.size > 0) {
      for (const key of ['nodeSelector', 'affinity'] as const) {
        if (previous[key] === undefined) delete spec[key];
        else Object.assign(spec, { [key]: clone(previous[key]) });
      }
    }
  }
  return spec;
}

export function validatePodUpdate(next: Pod, previous: Pod): FieldError[] {
  const after = next.spec ?? {};
  const before = previous.spec ?? {};
  const errors = validatePodSpec(after, 'spec');
  for (const list of ['containers', 'initContainers'] as const) {
    if ((after[list] ?? []).length !== (before[list] ?? []).length) {
      errors.push(forbidden(`spec.${list}`, 'pod updates may not add or remove containers'));
    }
  }
  if (errors.some(error => error.detail === 'pod updates may not add or remove containers')) return errors;
  errors.push(...validateDeadline(after, before));
  const gates = new Set((before.schedulingGates ?? []).map(gate => gate.name));
  if ((after.schedulingGates ?? []).some(gate => !gates.has(gate.name))) {
    errors.push(forbidden('spec.schedulingGates', 'only deletion is allowed, but found new scheduling gate'));
  }
  errors.push(...validateTolerationAdditions(after, before));
  const munged = withoutAllowedChanges(after, before);
  if (!sameValue(munged, before)) errors.push(forbidden('spec', `${ALLOWED}\n${structDifference('PodSpec', before, munged)}`));
  return errors;
}

/** New ephemeral containers may be added; those that are there may not change. */
export function validateEphemeralUpdate(next: Pod, previous: Pod): FieldError[] {
  const errors = validatePodSpec(next.spec ?? {}, 'spec').filter(error => error.field.startsWith('spec.ephemeralContainers'));
  for (const before of previous.spec?.ephemeralContainers ?? []) {
    const after = (next.spec?.ephemeralContainers ?? []).find(container => container.name === before.name);
    const field = 'spec.ephemeralContainers';
    if (!after) errors.push(forbidden(field, `existing ephemeral containers "${before.name}" may not be removed\n`));
    else if (!sameValue(after, before)) {
      errors.push(forbidden(field, `existing ephemeral containers "${before.name}" may not be changed\n`));
    }
  }
  return errors;
}
