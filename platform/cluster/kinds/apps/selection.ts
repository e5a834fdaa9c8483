// What all workloads share: a selector that must match the labels of their pod template.
import type { FieldError } from '../../schema/index.ts';
import { IMMUTABLE, invalid, required, unsupported } from '../field-errors.ts';
import {
  isEmptySelector,
  type Selector,
  selectorMatches,
  selectorText,
  shownSelector,
  validateSelector,
} from '../meta/selectors.ts';
import { sameValue, sortedMap } from '../objects.ts';
import type { PodTemplate } from '../pods/types.ts';
import { validatePodTemplate } from '../pods/validate-pod.ts';
import type { KindObject, ScaleRules } from '../strategy.ts';

const NO_MATCH = '`selector` does not match template `labels`';

/** Errors about the selector itself. */
export function validateWorkloadSelector(selector: Selector | undefined, name: string): FieldError[] {
  if (!selector) return [required('spec.selector')];
  const errors = validateSelector(selector, 'spec.selector');
  if (isEmptySelector(selector))
    errors.push(invalid('spec.selector', shownSelector(selector), `empty selector is invalid for ${name}`));
  return errors;
}

/** Errors about the template and whether the selector picks it. */
export function validateSelectedTemplate(template: PodTemplate | undefined, selector: Selector | undefined): FieldError[] {
  if (selector && validateSelector(selector, '').length > 0)
    return [invalid('spec.selector', shownSelector(selector), 'invalid label selector')];
  const errors: FieldError[] = [];
  const labels = template?.metadata?.labels;
  if (!selector || (!isEmptySelector(selector) && !selectorMatches(selector, labels))) {
    errors.push(invalid('spec.template.metadata.labels', sortedMap(labels) ?? null, NO_MATCH));
  }
  return [...errors, ...validatePodTemplate(template, 'spec.template')];
}

/** Workloads that run for ever restart always, and their pods have no deadline. */
export function validateForeverTemplate(template: PodTemplate | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const spec = template?.spec ?? {};
  if (spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always') {
    errors.push(unsupported('spec.template.spec.restartPolicy', spec.restartPolicy, ['Always']));
  }
  if (spec.activeDeadlineSeconds !== undefined) {
    errors.push({
      type: 'Forbidden',
      field: 'spec.template.spec.activeDeadlineSeconds',
      detail: 'activeDeadlineSeconds in ReplicaSet is not Supported',
    });
  }
  return errors;
}

export function immutableSelector(next: Selector | undefined, previous: Selector | undefined): FieldError[] {
  return sameValue(next, previous) ? [] : [invalid('spec.selector', shownSelector(next), IMMUTABLE)];
}

interface Scaled {
  spec?: { replicas?: number; selector?: Selector };
  status?: { replicas?: number };
}

/** The scale of a kind with spec.replicas, status.replicas and a label selector. */
export const workloadScale: ScaleRules = {
  get(obj) {
    const { spec, status } = obj as unknown as Scaled;
    return { specReplicas: spec?.replicas ?? 0, statusReplicas: status?.replicas ?? 0, selector: selectorText(spec?.selector) };
  },
  set(obj: KindObject, replicas: number) {
    const scaled = obj as unknown as Scaled;
    scaled.spec = { ...scaled.spec, replicas };
  },
};
