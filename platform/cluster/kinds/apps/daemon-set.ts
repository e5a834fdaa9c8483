// DaemonSets, ReplicationControllers and ControllerRevisions.
import type { V1ControllerRevision, V1DaemonSet, V1ReplicationController } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { IMMUTABLE, invalid, nonNegative, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Selector, selectorText } from '../meta/selectors.ts';
import { ensure, type Loose, sameValue, setDefault, setDefaultIfZero, sortedMap } from '../objects.ts';
import { defaultPodTemplate } from '../pods/defaults.ts';
import { validatePodTemplate } from '../pods/validate-pod.ts';
import { podWarnings } from '../pods/warnings.ts';
import { age, containersAndImages, labelsText, NONE, nameOf } from '../tables/cells.ts';
import { isZero, validateAtMostHundredPercent, validateIntOrPercent } from './int-or-percent.ts';
import { immutableSelector, validateForeverTemplate, validateSelectedTemplate, validateWorkloadSelector } from './selection.ts';

type DaemonSet = Loose<V1DaemonSet>;
const selectorOf = (set: DaemonSet): Selector | undefined => set.spec?.selector as Selector | undefined;
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation';

function defaultDaemonSet(set: DaemonSet): void {
  const spec = ensure(set, 'spec');
  const strategy = ensure(spec, 'updateStrategy');
  setDefaultIfZero(strategy, 'type', 'RollingUpdate');
  if (strategy.type === 'RollingUpdate') {
    const rolling = ensure(strategy, 'rollingUpdate');
    setDefault(rolling, 'maxUnavailable', 1);
    setDefault(rolling, 'maxSurge', 0);
  }
  setDefault(spec, 'revisionHistoryLimit', 10);
  // A field that left the API is kept as an annotation.
  setDefault(ensure(ensure(set, 'metadata'), 'annotations'), TEMPLATE_GENERATION, '0');
  defaultPodTemplate(spec);
}

function validateStrategy(strategy: NonNullable<DaemonSet['spec']>['updateStrategy']): FieldError[] {
  if (strategy?.type === 'OnDelete') return [];
  if (strategy?.type !== 'RollingUpdate')
    return [
      unsupported('spec.updateStrategy', struct({ Type: strategy?.type ?? '', RollingUpdate: null }), [
        'RollingUpdate',
        'OnDelete',
      ]),
    ];
  const rolling = strategy.rollingUpdate;
  const field = 'spec.updateStrategy.rollingUpdate';
  if (!rolling) return [required(field)];
  const errors: FieldError[] = [];
  for (const key of ['maxUnavailable', 'maxSurge'] as const) {
    errors.push(
      ...validateIntOrPercent(rolling[key], `${field}.${key}`),
      ...validateAtMostHundredPercent(rolling[key], `${field}.${key}`),
    );
  }
  if (!isZero(rolling.maxUnavailable) && !isZero(rolling.maxSurge)) {
    errors.push(invalid(`${field}.maxSurge`, rolling.maxSurge, 'may not be set when maxUnavailable is non-zero'));
  } else if (isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge)) {
    errors.push(required(`${field}.maxUnavailable`, 'cannot be 0 when maxSurge is 0'));
  }
  return errors;
}

export const daemonSetRules: KindRules = rulesFor<DaemonSet>({
  defaults: defaultDaemonSet,
  generationFields: ['spec'],
  initialStatus: () => ({ currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 }),
  prepareCreate(set) {
    ensure(ensure(set, 'metadata'), 'annotations')[TEMPLATE_GENERATION] = '1';
  },
  prepareUpdate(next, previous) {
    const annotations = ensure(ensure(next, 'metadata'), 'annotations');
    const before = Number(previous.metadata?.annotations?.[TEMPLATE_GENERATION] ?? '0');
    const changed = !sameValue(next.spec?.template, previous.spec?.template);
    annotations[TEMPLATE_GENERATION] = String(changed ? before + 1 : before);
  },
  validate(set) {
    const spec = set.spec ?? {};
    const selector = selectorOf(set);
    const errors = validateWorkloadSelector(selector, 'daemonset');
    const template = validateSelectedTemplate(spec.template, selector);
    errors.push(...template);
    if (!template.some(error => error.detail === 'invalid label selector'))
      errors.push(...validateForeverTemplate(spec.template));
    errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
    errors.push(...validateStrategy(spec.updateStrategy));
    errors.push(...nonNegative(spec.revisionHistoryLimit, 'spec.revisionHistoryLimit'));
    return errors;
  },
  validateChange: (next, previous) => immutableSelector(selectorOf(next), selectorOf(previous)),
  warnings: obj => podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata'),
  cells(obj, now) {
    const { status = {}, spec = {} } = obj;
    return [
      nameOf(obj),
      status.desiredNumberScheduled ?? 0,
      status.currentNumberScheduled ?? 0,
      status.numberReady ?? 0,
      status.updatedNumberScheduled ?? 0,
      status.numberAvailable ?? 0,
      labelsText(spec.template?.spec?.nodeSelector),
      age(obj, now),
      ...containersAndImages(spec.template?.spec),
      selectorText(selectorOf(obj)) || NONE,
    ];
  },
});

type Controller = Loose<V1ReplicationController>;

export const replicationControllerRules: KindRules = rulesFor<Controller>({
  defaults(controller) {
    const spec = ensure(controller, 'spec');
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(labels).length > 0) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      const meta = ensure(controller, 'metadata');
      if (Object.keys(meta.labels ?? {}).length === 0) meta.labels = { ...labels };
    }
    setDefault(spec, 'replicas', 1);
    defaultPodTemplate(spec);
  },
  generationFields: ['spec'],
  initialStatus: () => ({ replicas: 0 }),
  validate(controller) {
    const spec = controller.spec ?? {};
    const errors = nonNegative(spec.minReadySeconds, 'spec.minReadySeconds');
    const selector = spec.selector ?? {};
    if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
    errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
    const labels = spec.template?.metadata?.labels;
    if (!Object.entries(selector).every(([key, value]) => labels?.[key] === value)) {
      errors.push(
        invalid('spec.template.metadata.labels', sortedMap(labels) ?? null, '`selector` does not match template `labels`'),
      );
    }
    errors.push(...validatePodTemplate(spec.template, 'spec.template'), ...validateForeverTemplate(spec.template));
    return errors;
  },
  warnings: obj => podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata'),
  scale: {
    get(obj) {
      const { spec, status } = obj as unknown as Controller;
      return {
        specReplicas: spec?.replicas ?? 0,
        statusReplicas: status?.replicas ?? 0,
        selector: selectorText({ matchLabels: spec?.selector ?? {} }),
      };
    },
    set(obj, replicas) {
      ensure(obj as unknown as Controller, 'spec').replicas = replicas;
    },
  },
  selectableFields: obj => ({ 'status.replicas': String(obj.status?.replicas ?? 0) }),
  deletion: { defaultPropagation: 'Orphan' },
  cells(obj, now) {
    const { status = {}, spec = {} } = obj;
    return [
      nameOf(obj),
      spec.replicas ?? 0,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      age(obj, now),
      ...containersAndImages(spec.template?.spec),
      labelsText(spec.selector),
    ];
  },
});

type Revision = Loose<V1ControllerRevision>;

export const controllerRevisionRules: KindRules = rulesFor<Revision>({
  validate(revision) {
    const errors: FieldError[] = [];
    if (revision.data === undefined || revision.data === null) errors.push(required('data', 'data is mandatory'));
    errors.push(...nonNegative(revision.revision, 'revision'));
    return errors;
  },
  validateChange: (next, previous) =>
    sameValue(next.data, previous.data) ? [] : [invalid('data', next.data ?? null, IMMUTABLE)],
  cells(obj, now) {
    const owner = (obj.metadata?.ownerReferences ?? []).find(reference => reference.controller);
    const group = owner?.apiVersion?.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : '';
    return [
      nameOf(obj),
      owner ? `${(owner.kind ?? '').toLowerCase()}${group}/${owner.name}` : NONE,
      obj.revision ?? 0,
      age(obj, now),
    ];
  },
});
