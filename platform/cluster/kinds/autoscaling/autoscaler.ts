// HorizontalPodAutoscalers in the stored version, autoscaling/v2.
import type {
  V2HorizontalPodAutoscaler,
  V2HPAScalingRules,
  V2MetricSpec,
  V2MetricStatus,
  V2MetricTarget,
} from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { pathSegment } from '../meta/names.ts';
import { ensure, type Loose, setDefault } from '../objects.ts';
import { age, NONE, nameOf } from '../tables/cells.ts';

export type Autoscaler = Loose<V2HorizontalPodAutoscaler>;
type Metric = Loose<V2MetricSpec>;
type Target = Loose<V2MetricTarget>;
type ScalingRules = Loose<V2HPAScalingRules>;

const MAX_POLICIES_UP = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];

function defaultBehavior(behavior: NonNullable<NonNullable<Autoscaler['spec']>['behavior']>): void {
  const up = ensure(behavior, 'scaleUp') as ScalingRules;
  setDefault(up, 'selectPolicy', 'Max');
  setDefault(up, 'stabilizationWindowSeconds', 0);
  if (!up.policies?.length) up.policies = structuredClone(MAX_POLICIES_UP);
  const down = ensure(behavior, 'scaleDown') as ScalingRules;
  setDefault(down, 'selectPolicy', 'Max');
  if (!down.policies?.length) down.policies = [{ type: 'Percent', value: 100, periodSeconds: 15 }];
}

export function defaultAutoscaler(autoscaler: Autoscaler): void {
  const spec = ensure(autoscaler, 'spec');
  setDefault(spec, 'minReplicas', 1);
  if (!spec.metrics?.length) {
    spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
  }
  // Half a behaviour is completed; none at all stays none.
  if (spec.behavior && (spec.behavior.scaleUp || spec.behavior.scaleDown)) defaultBehavior(spec.behavior);
}

const SOURCES = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
} as const;

function validateTarget(target: Target | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const at = `${field}.type`;
  if (!target?.type) errors.push(required(at, 'must specify a metric target type'));
  else if (!['Utilization', 'Value', 'AverageValue'].includes(target.type)) {
    errors.push(invalid(at, target.type, 'must be either Utilization, Value, or AverageValue'));
  }
  const positive = (quantity: unknown): boolean => !/^-|^0*(\.0*)?[A-Za-z]*$/.test(String(quantity));
  if (target?.averageUtilization !== undefined && target.averageUtilization < 1) {
    errors.push(invalid(`${field}.averageUtilization`, target.averageUtilization, 'must be greater than 0'));
  }
  if (target?.value !== undefined && !positive(target.value))
    errors.push(invalid(`${field}.value`, target.value, 'must be positive'));
  if (target?.averageValue !== undefined && !positive(target.averageValue))
    errors.push(invalid(`${field}.averageValue`, target.averageValue, 'must be positive'));
  return errors;
}

function validateMetric(metric: Metric, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const source = SOURCES[metric.type as keyof typeof SOURCES];
  if (!metric.type) return [required(`${field}.type`, 'must specify a metric source type')];
  if (!source) return [unsupported(`${field}.type`, metric.type, Object.keys(SOURCES))];
  const given = Object.values(SOURCES).filter(name => metric[name]);
  if (!metric[source]) errors.push(required(`${field}.${source}`, 'must populate information for the given metric source'));
  for (const other of given.filter(name => name !== source)) {
    errors.push(forbidden(`${field}.${other}`, 'must populate the given metric source only'));
  }
  const body = metric[source] as
    | {
        name?: string;
        container?: string;
        target?: Target;
        metric?: { name?: string };
        describedObject?: { kind?: string; name?: string };
      }
    | undefined;
  if (!body) return errors;
  const at = `${field}.${source}`;
  if (source === 'resource' || source === 'containerResource') {
    if (!body.name) errors.push(required(`${at}.name`, 'must specify a resource name'));
    if (source === 'containerResource' && !body.container) errors.push(required(`${at}.container`, 'must specify a container'));
    errors.push(...validateTarget(body.target, `${at}.target`));
    const { averageUtilization, averageValue } = body.target ?? {};
    if (averageUtilization === undefined && averageValue === undefined) {
      errors.push(required(`${at}.target.averageUtilization`, 'must set either a target raw value or a target utilization'));
    } else if (averageUtilization !== undefined && averageValue !== undefined) {
      errors.push(forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization'));
    }
    return errors;
  }
  if (source === 'object') {
    if (!body.describedObject?.kind) errors.push(required(`${at}.describedObject.kind`));
    if (!body.describedObject?.name) errors.push(required(`${at}.describedObject.name`));
  }
  if (!body.metric?.name) errors.push(required(`${at}.metric.name`, 'must specify a metric name'));
  errors.push(...validateTarget(body.target, `${at}.target`));
  if (source === 'pods' && body.target?.averageValue === undefined)
    errors.push(required(`${at}.target.averageValue`, 'must specify a positive target averageValue'));
  if (source !== 'pods' && body.target?.value === undefined && body.target?.averageValue === undefined) {
    errors.push(required(`${at}.target.averageValue`, 'must set either a target value or averageValue'));
  }
  return errors;
}

function validateRules(rules: ScalingRules | undefined, field: string): FieldError[] {
  if (!rules) return [];
  const errors: FieldError[] = [];
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined && window < 0)
    errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero'));
  if (window !== undefined && window > 3600)
    errors.push(invalid(`${field}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600'));
  if (rules.selectPolicy !== undefined && !['Disabled', 'Max', 'Min'].includes(rules.selectPolicy)) {
    errors.push(unsupported(`${field}.selectPolicy`, rules.selectPolicy, ['Disabled', 'Max', 'Min']));
  }
  if (!rules.policies?.length) errors.push(required(`${field}.policies`, 'must specify at least one Policy'));
  for (const [index, { type, value = 0, periodSeconds = 0 }] of (rules.policies ?? []).entries()) {
    const at = `${field}.policies[${index}]`;
    if (type !== 'Pods' && type !== 'Percent') errors.push(unsupported(`${at}.type`, type ?? '', ['Percent', 'Pods']));
    if (value <= 0) errors.push(invalid(`${at}.value`, value, 'must be greater than zero'));
    if (periodSeconds <= 0) errors.push(invalid(`${at}.periodSeconds`, periodSeconds, 'must be greater than zero'));
    if (periodSeconds > 1800) errors.push(invalid(`${at}.periodSeconds`, periodSeconds, 'must be less than or equal to 1800'));
  }
  return errors;
}

export function validateAutoscaler(autoscaler: Autoscaler): FieldError[] {
  const spec = autoscaler.spec ?? {};
  const errors: FieldError[] = [];
  const min = spec.minReplicas;
  const max = spec.maxReplicas ?? 0;
  if (min !== undefined && min < 1) errors.push(invalid('spec.minReplicas', min, 'must be greater than or equal to 1'));
  const scalesToZero = (spec.metrics ?? []).some(({ type }) => type === 'Object' || type === 'External');
  if (min === 0 && !scalesToZero) {
    errors.push(
      forbidden('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'),
    );
  }
  if (max < 1) errors.push(invalid('spec.maxReplicas', max, 'must be greater than 0'));
  if (min !== undefined && max < min)
    errors.push(invalid('spec.maxReplicas', max, 'must be greater than or equal to `minReplicas`'));
  const target = spec.scaleTargetRef ?? {};
  const field = 'spec.scaleTargetRef';
  for (const key of ['kind', 'name'] as const) {
    const text = target[key] ?? '';
    if (!text) errors.push(required(`${field}.${key}`));
    else errors.push(...pathSegment(text).map(message => invalid(`${field}.${key}`, text, message)));
  }
  const version = target.apiVersion ?? '';
  if (!version.includes('/') && target.kind !== 'ReplicationController')
    errors.push(invalid(`${field}.apiVersion`, version, 'apiVersion must specify API group'));
  for (const [index, metric] of (spec.metrics ?? []).entries()) errors.push(...validateMetric(metric, `spec.metrics[${index}]`));
  if (spec.behavior) {
    errors.push(
      ...validateRules(spec.behavior.scaleUp, 'spec.behavior.scaleUp'),
      ...validateRules(spec.behavior.scaleDown, 'spec.behavior.scaleDown'),
    );
  }
  return errors;
}

/** `cpu: 10%/80%` for each metric, the first two shown. */
function targetsText(autoscaler: Autoscaler): string {
  const metrics = autoscaler.spec?.metrics ?? [];
  const current = (autoscaler.status?.currentMetrics ?? []) as Loose<V2MetricStatus>[];
  if (metrics.length === 0) return NONE;
  const list = metrics.map((metric, index) => {
    const source = SOURCES[metric.type as keyof typeof SOURCES];
    const target =
      (source ? (metric[source] as { target?: Target; name?: string; container?: string } | undefined) : undefined) ?? {};
    const now = source ? ((current[index]?.[source] as { current?: Loose<V2MetricTarget> } | undefined)?.current ?? {}) : {};
    const prefix = source === 'resource' || source === 'containerResource' ? `${target.name}: ` : '';
    if (target.target?.averageValue !== undefined) {
      const average = source === 'resource' || source === 'containerResource' || source === 'pods' ? '' : ' (avg)';
      return `${prefix}${now.averageValue ?? '<unknown>'}/${target.target.averageValue}${average}`;
    }
    if (target.target?.value !== undefined) return `${prefix}${now.value ?? '<unknown>'}/${target.target.value}`;
    const used = now.averageUtilization === undefined ? '<unknown>' : `${now.averageUtilization}%`;
    return `${prefix}${used}/${target.target?.averageUtilization === undefined ? '<auto>' : `${target.target.averageUtilization}%`}`;
  });
  return list.length > 2 ? `${list.slice(0, 2).join(', ')} + ${list.length - 2} more...` : list.join(', ');
}

export function autoscalerCells(obj: Autoscaler, now: Date): unknown[] {
  const { spec = {}, status = {} } = obj;
  return [
    nameOf(obj),
    `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`,
    targetsText(obj),
    spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
    spec.maxReplicas ?? 0,
    status.currentReplicas ?? 0,
    age(obj, now),
  ];
}

export const autoscalerRules: KindRules = rulesFor<Autoscaler>({
  defaults: defaultAutoscaler,
  initialStatus: () => ({ currentMetrics: null, desiredReplicas: 0 }),
  validate: validateAutoscaler,
  cells: autoscalerCells,
});
