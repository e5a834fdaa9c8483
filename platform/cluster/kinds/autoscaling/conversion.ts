// HorizontalPodAutoscalers in autoscaling/v1: one CPU target as a field, everything else as annotations, as the real conversion keeps it.
import type { V1HorizontalPodAutoscaler, V2HPAScalingRules, V2MetricSpec } from '@kubernetes/client-node';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { clone, ensure, type Loose, setDefault } from '../objects.ts';
import type { KindObject } from '../strategy.ts';
import { type Autoscaler, autoscalerCells, defaultAutoscaler, validateAutoscaler } from './autoscaler.ts';

type OldAutoscaler = Loose<V1HorizontalPodAutoscaler>;
type Metric = Loose<V2MetricSpec>;
type ScalingRules = Loose<V2HPAScalingRules>;
type Fields = Record<string, unknown>;

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';
const CURRENT = 'autoscaling.alpha.kubernetes.io/current-metrics';

const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));

/** One metric in the flatter form of autoscaling/v1's annotation. */
function oldMetric(metric: Metric): Fields {
  const { resource, pods, object, external, containerResource } = metric;
  const target = (one: { target?: unknown } | undefined): Fields => (one?.target ?? {}) as Fields;
  const body = present({
    resource:
      resource &&
      present({
        name: resource.name,
        targetAverageUtilization: target(resource)['averageUtilization'],
        targetAverageValue: target(resource)['averageValue'],
      }),
    containerResource:
      containerResource &&
      present({
        name: containerResource.name,
        container: containerResource.container,
        targetAverageUtilization: target(containerResource)['averageUtilization'],
        targetAverageValue: target(containerResource)['averageValue'],
      }),
    pods:
      pods &&
      present({
        metricName: pods.metric?.name,
        selector: pods.metric?.selector,
        targetAverageValue: target(pods)['averageValue'],
      }),
    object:
      object &&
      present({
        target: object.describedObject,
        metricName: object.metric?.name,
        targetValue: target(object)['value'] ?? '0',
        selector: object.metric?.selector,
        averageValue: target(object)['averageValue'],
      }),
    external:
      external &&
      present({
        metricName: external.metric?.name,
        metricSelector: external.metric?.selector,
        targetValue: target(external)['value'],
        targetAverageValue: target(external)['averageValue'],
      }),
  });
  return { type: metric.type, ...body };
}

function newTarget(fields: Fields): Fields {
  const { targetAverageUtilization, targetAverageValue, targetValue, averageValue } = fields;
  if (targetAverageUtilization !== undefined) return { type: 'Utilization', averageUtilization: targetAverageUtilization };
  if (targetAverageValue !== undefined || averageValue !== undefined)
    return { type: 'AverageValue', averageValue: targetAverageValue ?? averageValue };
  return { type: 'Value', value: targetValue };
}

function newMetric(metric: Fields): Fields {
  const out: Fields = { type: metric['type'] };
  for (const key of ['resource', 'containerResource', 'pods', 'object', 'external']) {
    const fields = metric[key] as Fields | undefined;
    if (!fields) continue;
    if (key === 'resource' || key === 'containerResource') {
      out[key] = present({ name: fields['name'], container: fields['container'], target: newTarget(fields) });
    } else {
      const selector = fields['selector'] ?? fields['metricSelector'];
      const described = key === 'object' ? { describedObject: fields['target'] } : {};
      out[key] = { ...described, metric: present({ name: fields['metricName'], selector }), target: newTarget(fields) };
    }
  }
  return out;
}

const policies = (rules: ScalingRules): unknown =>
  rules.policies?.map(({ type, value, periodSeconds }) => ({ Type: type, Value: value, PeriodSeconds: periodSeconds })) ?? null;

function oldRules(rules: ScalingRules | undefined): unknown {
  if (!rules) return null;
  return {
    StabilizationWindowSeconds: rules.stabilizationWindowSeconds ?? null,
    SelectPolicy: rules.selectPolicy ?? null,
    Policies: policies(rules),
    Tolerance: rules.tolerance ?? null,
  };
}

function newRules(rules: Fields | null | undefined): Fields | undefined {
  if (!rules) return undefined;
  const list = rules['Policies'] as { Type: string; Value: number; PeriodSeconds: number }[] | null;
  const kept = {
    stabilizationWindowSeconds: rules['StabilizationWindowSeconds'] ?? undefined,
    selectPolicy: rules['SelectPolicy'] ?? undefined,
    policies: list?.map(({ Type, Value, PeriodSeconds }) => ({ type: Type, value: Value, periodSeconds: PeriodSeconds })),
    tolerance: rules['Tolerance'] ?? undefined,
  };
  return present(kept);
}

const isCpu = (metric: Metric): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target?.averageUtilization !== undefined;

function toOld(stored: Autoscaler): OldAutoscaler {
  const { spec = {}, status = {} } = stored;
  const old = { ...stored, apiVersion: 'autoscaling/v1' } as OldAutoscaler;
  const cpu = (spec.metrics ?? []).find(isCpu);
  const others = (spec.metrics ?? []).filter(metric => metric !== cpu);
  old.spec = present({
    scaleTargetRef: spec.scaleTargetRef,
    minReplicas: spec.minReplicas,
    maxReplicas: spec.maxReplicas ?? 0,
    targetCPUUtilizationPercentage: cpu?.resource?.target?.averageUtilization,
  }) as NonNullable<OldAutoscaler['spec']>;
  const cpuNow = (status.currentMetrics ?? []).find(metric => metric.type === 'Resource' && metric.resource?.name === 'cpu');
  old.status = present({
    observedGeneration: status.observedGeneration,
    lastScaleTime: status.lastScaleTime,
    currentReplicas: status.currentReplicas ?? 0,
    desiredReplicas: status.desiredReplicas ?? 0,
    currentCPUUtilizationPercentage: cpuNow?.resource?.current?.averageUtilization,
  }) as NonNullable<OldAutoscaler['status']>;
  const annotations: Record<string, string> = { ...stored.metadata?.annotations };
  if (others.length > 0) annotations[METRICS] = JSON.stringify(others.map(oldMetric));
  if (spec.behavior)
    annotations[BEHAVIOR] = JSON.stringify({
      ScaleUp: oldRules(spec.behavior.scaleUp),
      ScaleDown: oldRules(spec.behavior.scaleDown),
    });
  if (status.conditions?.length) annotations[CONDITIONS] = JSON.stringify(status.conditions);
  const currentOthers = (status.currentMetrics ?? []).filter(metric => metric !== cpuNow);
  if (currentOthers.length > 0) annotations[CURRENT] = JSON.stringify(currentOthers);
  const meta = ensure(old, 'metadata');
  if (Object.keys(annotations).length > 0) meta.annotations = annotations;
  return old;
}

function parse<T>(text: string | undefined): T | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

function toStored(old: OldAutoscaler): Autoscaler {
  const meta = ensure(old, 'metadata');
  const annotations = meta.annotations ?? {};
  const { targetCPUUtilizationPercentage, ...rest } = old.spec ?? {};
  const spec: NonNullable<Autoscaler['spec']> = { ...rest };
  const metrics = (parse<Fields[]>(annotations[METRICS]) ?? []).map(newMetric) as Metric[];
  if (targetCPUUtilizationPercentage !== undefined) {
    metrics.push({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage } },
    });
  }
  if (metrics.length > 0) spec.metrics = metrics;
  const behavior = parse<{ ScaleUp?: Fields; ScaleDown?: Fields }>(annotations[BEHAVIOR]);
  if (behavior)
    spec.behavior = present({ scaleUp: newRules(behavior.ScaleUp), scaleDown: newRules(behavior.ScaleDown) }) as NonNullable<
      typeof spec.behavior
    >;
  const { currentCPUUtilizationPercentage, ...status } = old.status ?? {};
  const current = parse<unknown[]>(annotations[CURRENT]) ?? [];
  if (currentCPUUtilizationPercentage !== undefined) {
    current.push({
      type: 'Resource',
      resource: { name: 'cpu', current: { averageUtilization: currentCPUUtilizationPercentage } },
    });
  }
  const stored = {
    ...old,
    apiVersion: 'autoscaling/v2',
    spec,
    status: {
      ...status,
      conditions: parse(annotations[CONDITIONS]),
      currentMetrics: current.length > 0 ? current : null,
      desiredReplicas: old.status?.desiredReplicas ?? 0,
    },
  } as unknown as Autoscaler;
  if (stored.status && !stored.status.currentReplicas) delete stored.status.currentReplicas;
  if (stored.status?.conditions === undefined) delete stored.status?.conditions;
  for (const key of [METRICS, BEHAVIOR, CONDITIONS, CURRENT]) delete annotations[key];
  if (Object.keys(annotations).length === 0) delete meta.annotations;
  return stored;
}

const asStored = (old: OldAutoscaler): Autoscaler => {
  const stored = toStored(clone(old));
  defaultAutoscaler(stored);
  return stored;
};

export const oldAutoscalerRules: KindRules = rulesFor<OldAutoscaler>({
  defaults: autoscaler => setDefault(ensure(autoscaler, 'spec'), 'minReplicas', 1),
  initialStatus: () => ({ currentReplicas: 0, desiredReplicas: 0 }),
  validate: autoscaler => validateAutoscaler(asStored(autoscaler)),
  cells: (obj, now) => autoscalerCells(asStored(obj), now),
  stored: {
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
    to: autoscaler => asStored(autoscaler) as unknown as KindObject,
    from: stored => toOld(stored as unknown as Autoscaler),
  },
});
