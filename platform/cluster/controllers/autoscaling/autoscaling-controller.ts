// Scales workloads by their metrics. Only where HorizontalPodAutoscalers exist does it look again every 15 seconds.
import { messageOf } from '../../../core/index.ts';
import {
  type Condition,
  type ControllerHost,
  canonical,
  conditionOf,
  objectKey,
  type Pod,
  timestamp,
  withCondition,
} from '../../controller-runtime/index.ts';
import { matchesLabels, parseLabelSelector } from '../../schema/index.ts';
import type { Autoscaler, MetricSpec, MetricStatus, Scale } from './autoscaler.ts';
import { failureReason, type Proposal, propose } from './resource-metric.ts';
import { limitProposal, type Recommendation } from './scaling-limits.ts';

const COMPONENT = 'horizontal-pod-autoscaler';
const PERIOD_MS = 15_000;
const DEFAULT_METRICS: MetricSpec[] = [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
];

type Conditions = Condition[];
type Outcome = { desired: number; reason: string; conditions: Conditions; metrics: MetricStatus[]; failed?: boolean };

export function runAutoscalingController(host: ControllerHost): void {
  const autoscalers = host.caches.of<Autoscaler>({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const histories = new Map<string, Recommendation[]>();
  const queue = host.queue({ name: COMPONENT, sync });
  autoscalers.onChange((next, previous) => {
    const key = objectKey((next ?? previous) as Autoscaler);
    if (!next) histories.delete(key);
    else if (canonical(next.spec) !== canonical(previous?.spec)) queue.add(key);
  });

  async function sync(key: string): Promise<number | undefined> {
    const autoscaler = autoscalers.getByKey(key);
    if (!autoscaler || autoscaler.metadata.deletionTimestamp) return;
    const { apiVersion = 'v1', kind, name } = autoscaler.spec.scaleTargetRef;
    const { namespace = '' } = autoscaler.metadata;
    const target = { apiVersion, kind, namespace, name };
    let scale: Scale | undefined;
    let why = '';
    try {
      const { plural } = await host.client.resource(target);
      const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0]}` : '';
      why = `${plural}${group} "${name}" not found`;
      scale = await host.client.get<Scale>(target, { subresource: 'scale' });
    } catch (error) {
      why = messageOf(error);
    }
    if (!scale) {
      warn(autoscaler, 'FailedGetScale', why);
      const message = `the HPA controller was unable to get the target's current scale: ${why}`;
      await save(autoscaler, {
        conditions: set(autoscaler.status?.conditions, 'AbleToScale', 'False', 'FailedGetScale', message),
        desired: 0,
      });
      return PERIOD_MS;
    }
    const current = scale.spec.replicas ?? 0;
    const outcome = await decide(autoscaler, scale, current);
    let { conditions } = outcome;
    let lastScaleTime = autoscaler.status?.lastScaleTime;
    if (outcome.desired !== current) {
      await host.client.patch(target, { spec: { replicas: outcome.desired } }, { type: 'merge', subresource: 'scale' });
      host.events.record(COMPONENT, autoscaler, {
        reason: 'SuccessfulRescale',
        message: `New size: ${outcome.desired}; reason: ${outcome.reason}`,
      });
      const message = `the HPA controller was able to update the target scale to ${outcome.desired}`;
      conditions = set(conditions, 'AbleToScale', 'True', 'SucceededRescale', message);
      lastScaleTime = timestamp(host.clock);
    }
    await save(autoscaler, { ...outcome, conditions, current: scale.status?.replicas ?? 0, lastScaleTime });
    return PERIOD_MS;
  }

  async function decide(autoscaler: Autoscaler, scale: Scale, current: number): Promise<Outcome> {
    const { minReplicas = 1, maxReplicas, metrics: specs = DEFAULT_METRICS } = autoscaler.spec;
    const able = set(
      autoscaler.status?.conditions,
      'AbleToScale',
      'True',
      'SucceededGetScale',
      "the HPA controller was able to get the target's current scale",
    );
    if (current === 0 && minReplicas !== 0) {
      const message = 'scaling is disabled since the replica count of the target is zero';
      return { desired: 0, reason: '', metrics: [], conditions: set(able, 'ScalingActive', 'False', 'ScalingDisabled', message) };
    }
    if (current > maxReplicas)
      return { desired: maxReplicas, reason: 'Current number of replicas above Spec.MaxReplicas', metrics: [], conditions: able };
    if (current < minReplicas)
      return { desired: minReplicas, reason: 'Current number of replicas below Spec.MinReplicas', metrics: [], conditions: able };
    const { proposals, statuses, failed } = await measure(autoscaler, specs, scale, current);
    const highest = proposals.reduce<Proposal | undefined>(
      (best, next) => (best && best.replicas >= next.replicas ? best : next),
      undefined,
    );
    // A metric that is missing may not be what lets the size shrink.
    if (!highest || (failed && highest.replicas < current)) {
      const { reason = 'FailedGetResourceMetric', message = '', detail = '' } = failed ?? {};
      warn(
        autoscaler,
        'FailedComputeMetricsReplicas',
        `invalid metrics (${specs.length - proposals.length} invalid out of ${specs.length}), first error is: ${detail}`,
      );
      const text = `the HPA was unable to compute the replica count: ${message}`;
      return {
        desired: current,
        reason: '',
        metrics: statuses,
        failed: true,
        conditions: set(able, 'ScalingActive', 'False', reason, text),
      };
    }
    return follow(autoscaler, highest, { proposals, current, able });
  }

  function follow(
    autoscaler: Autoscaler,
    highest: Proposal,
    { proposals, current, able }: { proposals: Proposal[]; current: number; able: Conditions },
  ): Outcome {
    const key = objectKey(autoscaler);
    const history = histories.get(key) ?? [];
    histories.set(key, history);
    const limited = limitProposal(autoscaler, { proposal: highest.replicas, current, history, now: host.clock.now().getTime() });
    const active = `the HPA was able to successfully calculate a replica count from ${highest.name}`;
    let conditions = set(able, 'ScalingActive', 'True', 'ValidMetricFound', active);
    conditions = limited.limit
      ? set(conditions, 'ScalingLimited', 'True', limited.limit.reason, limited.limit.message)
      : set(conditions, 'ScalingLimited', 'False', 'DesiredWithinRange', 'the desired count is within the acceptable range');
    conditions = limited.stabilized
      ? set(
          conditions,
          'AbleToScale',
          'True',
          'ScaleDownStabilized',
          'recent recommendations were higher than current one, applying the highest recent recommendation',
        )
      : set(conditions, 'AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size');
    const reason = limited.replicas > current ? `${highest.name} above target` : 'All metrics below target';
    return { desired: limited.replicas, reason, conditions, metrics: proposals.map(({ status }) => status) };
  }

  async function measure(autoscaler: Autoscaler, specs: MetricSpec[], scale: Scale, replicas: number) {
    const { namespace = '' } = autoscaler.metadata;
    const selector = scale.status?.selector ?? '';
    const labels = parseLabelSelector(selector);
    const matched = pods.list(namespace).filter(pod => matchesLabels(labels, pod.metadata.labels ?? {}));
    const proposals: Proposal[] = [];
    const statuses: MetricStatus[] = [];
    let failed: { reason: string; message: string; detail: string } | undefined;
    for (const spec of specs) {
      try {
        const proposal = await propose(host.client, spec, { namespace, selector, pods: matched, replicas });
        proposals.push(proposal);
        statuses.push(proposal.status);
      } catch (error) {
        const message = messageOf(error);
        const what = spec.resource ? `failed to get ${spec.resource.name} resource metric value: ` : '';
        failed ??= { reason: failureReason(spec), message, detail: what + message };
        statuses.push({ type: '' });
        warn(autoscaler, failureReason(spec), message);
      }
    }
    return { proposals, statuses, failed };
  }

  function warn(autoscaler: Autoscaler, reason: string, message: string): void {
    host.events.record(COMPONENT, autoscaler, { type: 'Warning', reason, message });
  }

  function set(
    conditions: Conditions | undefined,
    type: string,
    status: Condition['status'],
    reason: string,
    message: string,
  ): Conditions {
    const known = conditionOf(conditions, type);
    if (known?.status === status && known.reason === reason && known.message === message) return conditions ?? [];
    return withCondition(conditions, { type, status, reason, message, lastTransitionTime: timestamp(host.clock) });
  }

  async function save(
    autoscaler: Autoscaler,
    result: {
      conditions: Conditions;
      desired: number;
      current?: number;
      metrics?: MetricStatus[];
      failed?: boolean;
      lastScaleTime?: string | undefined;
    },
  ): Promise<void> {
    const live = autoscalers.getByKey(objectKey(autoscaler));
    if (!live) return;
    const { conditions, current, metrics = [], lastScaleTime } = result;
    const desired = result.failed ? (live.status?.desiredReplicas ?? 0) : result.desired;
    const status = {
      ...(lastScaleTime ? { lastScaleTime } : {}),
      ...(current === undefined ? {} : { currentReplicas: current }),
      desiredReplicas: desired,
      currentMetrics: metrics.length > 0 ? metrics : null,
      conditions,
    };
    if (canonical(status) !== canonical(live.status ?? {}))
      await autoscalers.update({ ...live, status }, { subresource: 'status' });
  }
}
