// StatefulSets.
import type { V1StatefulSet } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, nonNegative, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import type { Selector } from '../meta/selectors.ts';
import { ensure, type Loose, sameValue, setDefault, setDefaultIfZero } from '../objects.ts';
import { defaultPodTemplate } from '../pods/defaults.ts';
import { podWarnings } from '../pods/warnings.ts';
import { age, containersAndImages, nameOf } from '../tables/cells.ts';
import { validateAtMostHundredPercent, validateIntOrPercent } from './int-or-percent.ts';
import { validateForeverTemplate, validateSelectedTemplate, validateWorkloadSelector, workloadScale } from './selection.ts';

type StatefulSet = Loose<V1StatefulSet>;

function defaultStatefulSet(set: StatefulSet): void {
  const spec = ensure(set, 'spec');
  setDefaultIfZero(spec, 'podManagementPolicy', 'OrderedReady');
  const strategy = ensure(spec, 'updateStrategy');
  if (!strategy.type) {
    strategy.type = 'RollingUpdate';
    setDefault(ensure(strategy, 'rollingUpdate'), 'partition', 0);
  }
  if (strategy.type === 'RollingUpdate' && strategy.rollingUpdate) setDefault(strategy.rollingUpdate, 'partition', 0);
  const retention = ensure(spec, 'persistentVolumeClaimRetentionPolicy');
  setDefaultIfZero(retention, 'whenDeleted', 'Retain');
  setDefaultIfZero(retention, 'whenScaled', 'Retain');
  setDefault(spec, 'replicas', 1);
  setDefault(spec, 'revisionHistoryLimit', 10);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // Claims inside a template carry their own kind and first status, as the stored object does.
    setDefaultIfZero(claim, 'apiVersion', 'v1');
    setDefaultIfZero(claim, 'kind', 'PersistentVolumeClaim');
    ensure(claim, 'metadata');
    setDefault(ensure(claim, 'spec'), 'volumeMode', 'Filesystem');
    setDefaultIfZero(ensure(claim, 'status'), 'phase', 'Pending');
  }
  defaultPodTemplate(spec);
}

const RETENTION = ['Retain', 'Delete'];

function validateStatefulSet(set: StatefulSet): FieldError[] {
  const spec = set.spec ?? {};
  const selector = spec.selector as Selector | undefined;
  const errors: FieldError[] = [];
  if (!spec.podManagementPolicy) errors.push(required('spec.podManagementPolicy'));
  else if (!['OrderedReady', 'Parallel'].includes(spec.podManagementPolicy)) {
    errors.push(invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
  }
  const { type, rollingUpdate } = spec.updateStrategy ?? {};
  const shown = {
    Type: type,
    RollingUpdate: rollingUpdate
      ? { Partition: rollingUpdate.partition ?? 0, MaxUnavailable: rollingUpdate.maxUnavailable ?? null }
      : null,
  };
  if (!type) errors.push(required('spec.updateStrategy'));
  else if (type === 'OnDelete') {
    if (shown.RollingUpdate)
      errors.push(
        invalid(
          'spec.updateStrategy.rollingUpdate',
          struct(shown.RollingUpdate),
          "only allowed for updateStrategy 'RollingUpdate'",
        ),
      );
  } else if (type === 'RollingUpdate') {
    errors.push(...nonNegative(rollingUpdate?.partition, 'spec.updateStrategy.rollingUpdate.partition'));
    if (rollingUpdate?.maxUnavailable !== undefined) {
      const field = 'spec.updateStrategy.rollingUpdate.maxUnavailable';
      errors.push(
        ...validateIntOrPercent(rollingUpdate.maxUnavailable, field),
        ...validateAtMostHundredPercent(rollingUpdate.maxUnavailable, field),
      );
      if (rollingUpdate.maxUnavailable === 0) errors.push(invalid(field, 0, 'cannot be 0'));
    }
  } else errors.push(invalid('spec.updateStrategy', struct(shown), "must be 'RollingUpdate' or 'OnDelete'"));
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const key of ['whenDeleted', 'whenScaled'] as const) {
    const value = retention?.[key] ?? '';
    if (!RETENTION.includes(value))
      errors.push(unsupported(`spec.persistentVolumeClaimRetentionPolicy.${key}`, value, RETENTION));
  }
  errors.push(...nonNegative(spec.replicas, 'spec.replicas'));
  errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'));
  errors.push(...nonNegative(spec.ordinals?.start, 'spec.ordinals.start'));
  errors.push(...validateWorkloadSelector(selector, 'statefulset'));
  const template = validateSelectedTemplate(spec.template, selector);
  errors.push(...template);
  if (!template.some(error => error.detail === 'invalid label selector')) errors.push(...validateForeverTemplate(spec.template));
  return errors;
}

const CHANGEABLE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;
const FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const statefulSetRules: KindRules = rulesFor<StatefulSet>({
  nameRule: 'subdomain',
  defaults: defaultStatefulSet,
  generationFields: ['spec'],
  initialStatus: () => ({ availableReplicas: 0, replicas: 0 }),
  validate: validateStatefulSet,
  validateChange(next, previous) {
    const fixed = (set: StatefulSet): unknown => {
      const spec: Record<string, unknown> = { ...set.spec };
      for (const key of CHANGEABLE) delete spec[key];
      return spec;
    };
    return sameValue(fixed(next), fixed(previous)) ? [] : [forbidden('spec', FIXED)];
  },
  warnings(obj) {
    const out = podWarnings(obj.spec?.template, 'spec.template.spec', 'spec.template.metadata');
    if ((obj.spec?.revisionHistoryLimit ?? 0) < 0)
      out.push('spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended');
    return out;
  },
  scale: workloadScale,
  cells: (obj, now) => [
    nameOf(obj),
    `${obj.status?.readyReplicas ?? 0}/${obj.spec?.replicas ?? 0}`,
    age(obj, now),
    ...containersAndImages(obj.spec?.template?.spec),
  ],
});
