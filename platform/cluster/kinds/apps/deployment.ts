// Deployments and ReplicaSets.
import type { V1Deployment, V1ReplicaSet } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, nonNegative, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Selector, selectorText } from '../meta/selectors.ts';
import { ensure, keepMetadata, type Loose, setDefault, setDefaultIfZero } from '../objects.ts';
import { defaultPodTemplate } from '../pods/defaults.ts';
import { podWarnings } from '../pods/warnings.ts';
import { age, containersAndImages, NONE, nameOf } from '../tables/cells.ts';
import { isZero, validateAtMostHundredPercent, validateIntOrPercent } from './int-or-percent.ts';
import {
  immutableSelector,
  validateForeverTemplate,
  validateSelectedTemplate,
  validateWorkloadSelector,
  workloadScale,
} from './selection.ts';

type Deployment = Loose<V1Deployment>;
type ReplicaSet = Loose<V1ReplicaSet>;

const selectorOf = (obj: { spec?: { selector?: unknown } }): Selector | undefined => obj.spec?.selector as Selector | undefined;

function defaultDeployment(deployment: Deployment): void {
  const spec = ensure(deployment, 'spec');
  setDefault(spec, 'replicas', 1);
  const strategy = ensure(spec, 'strategy');
  setDefaultIfZero(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensure(strategy, 'rollingUpdate');
    setDefault(rolling, 'maxUnavailable', '25%');
    setDefault(rolling, 'maxSurge', '25%');
  }
  setDefault(spec, 'revisionHistoryLimit', 10);
  setDefault(spec, 'progressDeadlineSeconds', 600);
  defaultPodTemplate(spec);
}

function validateStrategy(strategy: NonNullable<Deployment['spec']>['strategy']): FieldError[] {
  const field = 'spec.strategy';
  switch (strategy?.type) {
    case 'Recreate':
      return strategy.rollingUpdate
        ? [forbidden(`${field}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")]
        : [];
    case 'RollingUpdate': {
      const rolling = strategy.rollingUpdate;
      if (!rolling) return [required(`${field}.rollingUpdate`, 'this should be defaulted and never be nil')];
      const at = `${field}.rollingUpdate`;
      const errors = validateIntOrPercent(rolling.maxUnavailable, `${at}.maxUnavailable`);
      errors.push(...validateIntOrPercent(rolling.maxSurge, `${at}.maxSurge`));
      if (isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
        errors.push(invalid(`${at}.maxUnavailable`, rolling.maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
      }
      errors.push(...validateAtMostHundredPercent(rolling.maxUnavailable, `${at}.maxUnavailable`));
      return errors;
    }
    default:
      return [unsupported(field, struct({ Type: strategy?.type ?? '', RollingUpdate: null }), ['Recreate', 'RollingUpdate'])];
  }
}

function validateDeployment(deployment: Deployment): FieldError[] {
  const spec = deployment.spec ?? {};
  const selector = selectorOf(deployment);
  const errors = nonNegative(spec.replicas, 'spec.replicas');
  errors.push(...validateWorkloadSelector(selector, 'deployment'));
  const template = validateSelectedTemplate(spec.template, selector);
  errors.push(...template);
  if (!template.some(error => error.detail === 'invalid label selector')) errors.push(...validateForeverTemplate(spec.template));
  errors.push(...validateStrategy(spec.strategy));
  errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
  if (spec.progressDeadlineSeconds !== undefined) {
    errors.push(...nonNegative(spec.progressDeadlineSeconds, 'spec.progressDeadlineSeconds'));
    if (spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0)) {
      errors.push(invalid('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, 'must be greater than minReadySeconds'));
    }
  }
  return errors;
}

export const deploymentRules: KindRules = rulesFor<Deployment>({
  defaults: defaultDeployment,
  // A deployment observes its annotations too: rollback and revision live there.
  generationFields: ['spec', 'annotations'],
  initialStatus: () => ({}),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous, 'labels'),
  statusResets: [['metadata', 'labels']],
  validate: validateDeployment,
  validateChange: (next, previous) => immutableSelector(selectorOf(next), selectorOf(previous)),
  warnings: obj => podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata'),
  scale: workloadScale,
  cells(obj, now) {
    const { status = {}, spec = {} } = obj;
    return [
      nameOf(obj),
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      age(obj, now),
      ...containersAndImages(spec.template?.spec),
      selectorText(selectorOf(obj)) || NONE,
    ];
  },
});

export const replicaSetRules: KindRules = rulesFor<ReplicaSet>({
  defaults(set) {
    const spec = ensure(set, 'spec');
    setDefault(spec, 'replicas', 1);
    defaultPodTemplate(spec);
  },
  generationFields: ['spec'],
  initialStatus: () => ({ replicas: 0 }),
  validate(set) {
    const spec = set.spec ?? {};
    const selector = selectorOf(set);
    const errors = nonNegative(spec.replicas, 'spec.replicas');
    errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
    errors.push(...validateWorkloadSelector(selector, 'replicaset'));
    const template = validateSelectedTemplate(spec.template, selector);
    errors.push(...template);
    if (!template.some(error => error.detail === 'invalid label selector'))
      errors.push(...validateForeverTemplate(spec.template));
    return errors;
  },
  validateChange: (next, previous) => immutableSelector(selectorOf(next), selectorOf(previous)),
  warnings: obj => podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata'),
  scale: workloadScale,
  selectableFields: obj => ({ 'status.replicas': String(obj.status?.replicas ?? 0) }),
  cells(obj, now) {
    const { status = {}, spec = {} } = obj;
    return [
      nameOf(obj),
      spec.replicas ?? 0,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      age(obj, now),
      ...containersAndImages(spec.template?.spec),
      selectorText(selectorOf(obj)) || NONE,
    ];
  },
});
