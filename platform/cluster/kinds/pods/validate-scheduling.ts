// Validation of what steers the scheduler: tolerations, affinity, topology spread.
import type { V1Affinity, V1LabelSelector, V1NodeSelectorTerm, V1PodAffinityTerm } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { labelValue, qualifiedName } from '../meta/names.ts';
import { type Selector, validateSelector } from '../meta/selectors.ts';
import type { Loose } from '../objects.ts';
import type { PodSpec, Toleration } from './types.ts';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(tolerations: Toleration[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, toleration] of (tolerations ?? []).entries()) {
    const at = `${field}[${index}]`;
    const { key, operator, value, effect } = toleration;
    if (key) errors.push(...qualifiedName(key).map(message => invalid(`${at}.key`, key, message)));
    if (!key && operator !== 'Exists') {
      errors.push(
        invalid(
          `${at}.operator`,
          operator ?? '',
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      );
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"));
    }
    if (!operator || operator === 'Equal') {
      errors.push(...labelValue(value ?? '').map(message => invalid(`${at}.operator`, value, message)));
    } else if (operator === 'Exists') {
      if (value) errors.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"));
    } else errors.push(unsupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    if (effect && !EFFECTS.includes(effect)) errors.push(unsupported(`${at}.effect`, effect, EFFECTS));
  }
  return errors;
}

function validateNodeTerm(term: Loose<V1NodeSelectorTerm>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, requirement] of (term.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${index}]`;
    const { key = '', operator, values = [] } = requirement;
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (values.length === 0) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (values.length > 0)
          errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        break;
      case 'Gt':
      case 'Lt':
        if (values.length !== 1)
          errors.push(required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
        break;
      default:
        errors.push(invalid(`${at}.operator`, operator ?? '', 'not a valid selector operator'));
    }
    errors.push(...qualifiedName(key).map(message => invalid(`${at}.key`, key, message)));
  }
  for (const [index, requirement] of (term.matchFields ?? []).entries()) {
    const at = `${field}.matchFields[${index}]`;
    if (requirement.key !== 'metadata.name')
      errors.push(invalid(`${at}.key`, requirement.key ?? '', 'not a valid field selector key'));
    if (requirement.operator !== 'In' && requirement.operator !== 'NotIn') {
      errors.push(invalid(`${at}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
    } else if (requirement.values?.length !== 1) {
      errors.push(required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"));
    }
  }
  return errors;
}

function validatePodTerm(term: Loose<V1PodAffinityTerm>, field: string): FieldError[] {
  const errors = validateSelector(term.labelSelector as Selector | undefined, `${field}.labelSelector`);
  errors.push(...validateSelector(term.namespaceSelector as Selector | undefined, `${field}.namespaceSelector`));
  const key = term.topologyKey ?? '';
  if (!key) errors.push(required(`${field}.topologyKey`, 'can not be empty'));
  errors.push(...qualifiedName(key).map(message => invalid(`${field}.topologyKey`, key, message)));
  return errors;
}

const WEIGHT = 'must be in the range 1-100';

export function validateAffinity(affinity: Loose<V1Affinity> | undefined, field: string): FieldError[] {
  if (!affinity) return [];
  const errors: FieldError[] = [];
  const node = affinity.nodeAffinity;
  const wanted = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (wanted) {
    const at = `${field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`;
    if (!wanted.nodeSelectorTerms?.length) errors.push(required(at, 'must have at least one node selector term'));
    for (const [index, term] of (wanted.nodeSelectorTerms ?? []).entries())
      errors.push(...validateNodeTerm(term, `${at}[${index}]`));
  }
  for (const [index, preferred] of (node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
    const at = `${field}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    const weight = preferred.weight ?? 0;
    if (weight <= 0 || weight > 100) errors.push(invalid(`${at}.weight`, weight, WEIGHT));
    errors.push(...validateNodeTerm(preferred.preference ?? {}, `${at}.preference`));
  }
  for (const name of ['podAffinity', 'podAntiAffinity'] as const) {
    const rules = affinity[name];
    for (const [index, term] of (rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      errors.push(...validatePodTerm(term, `${field}.${name}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`));
    }
    for (const [index, preferred] of (rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const at = `${field}.${name}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      const weight = preferred.weight ?? 0;
      if (weight <= 0 || weight > 100) errors.push(invalid(`${at}.weight`, weight, WEIGHT));
      errors.push(...validatePodTerm(preferred.podAffinityTerm ?? {}, `${at}.podAffinityTerm`));
    }
  }
  return errors;
}

const UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway'];

export function validateTopologySpread(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const at = `${field}[${index}]`;
    const skew = constraint.maxSkew ?? 0;
    if (skew <= 0) errors.push(invalid(`${at}.maxSkew`, skew, 'must be greater than zero'));
    const key = constraint.topologyKey ?? '';
    if (!key) errors.push(required(`${at}.topologyKey`, 'can not be empty'));
    const unsatisfiable = constraint.whenUnsatisfiable ?? '';
    if (!UNSATISFIABLE.includes(unsatisfiable)) errors.push(unsupported(`${at}.whenUnsatisfiable`, unsatisfiable, UNSATISFIABLE));
    const pair = `{${key}, ${unsatisfiable}}`;
    if (seen.has(pair))
      errors.push({ type: 'Duplicate value', field: `${at}.{topologyKey, whenUnsatisfiable}`, badValue: pair, detail: '' });
    seen.add(pair);
    if (constraint.minDomains !== undefined && constraint.minDomains <= 0) {
      errors.push(invalid(`${at}.minDomains`, constraint.minDomains, 'must be greater than zero'));
    }
    errors.push(...validateSelector(constraint.labelSelector as Loose<V1LabelSelector> as Selector, `${at}.labelSelector`));
  }
  return errors;
}
