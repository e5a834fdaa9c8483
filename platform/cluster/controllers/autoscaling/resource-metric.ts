// What a resource metric asks for: usage from the metrics API, set against the pods' requests or a target value.
import { DarumaError, messageOf } from '../../../core/index.ts';
import type { KubeClient } from '../../../kube/index.ts';
import { isReady, type Pod } from '../../controller-runtime/index.ts';
import { formatQuantity, parseQuantity, quantityValue } from '../../schema/index.ts';
import type { MetricSpec, MetricStatus } from './autoscaler.ts';

interface PodMetrics {
  metadata: { name: string };
  containers: { name: string; usage: Record<string, string> }[];
}

export interface Proposal {
  replicas: number;
  status: MetricStatus;
  /** What the metric is called in conditions and events. */
  name: string;
}

// Smaller deviations from the target are left alone.
const TOLERANCE = 0.1;

/** `FailedGetResourceMetric` and the like, as conditions and events call it. */
export function failureReason({ type }: MetricSpec): string {
  return `FailedGet${type}Metric`;
}

function failure(spec: MetricSpec, why: string): DarumaError {
  const { type, resource, containerResource } = spec;
  const what = resource ?? containerResource;
  const message = what
    ? `failed to get ${what.name} ${what.target.type === 'Utilization' ? 'utilization' : 'usage'}: ${why}`
    : `metrics of type ${type} need an API that this cluster does not serve`;
  return new DarumaError('NOT_FOUND', message);
}

/** @throws DarumaError NOT_FOUND when the metric cannot be had */
export async function propose(
  client: KubeClient,
  spec: MetricSpec,
  { namespace, selector, pods, replicas }: { namespace: string; selector: string; pods: Pod[]; replicas: number },
): Promise<Proposal> {
  const source = spec.resource ?? spec.containerResource;
  if (!source) throw failure(spec, '');
  const { name, target } = source;
  const container = spec.containerResource?.container;
  const ready = pods.filter(pod => isReady(pod) && !pod.metadata.deletionTimestamp);
  const usage = await usageByPod(client, spec, { namespace, selector, name, container });
  const measured = ready.filter(pod => usage.has(pod.metadata.name ?? ''));
  if (measured.length === 0)
    throw failure(spec, `unable to get metrics for resource ${name}: no metrics returned from resource metrics API`);
  const used = measured.reduce((sum, pod) => sum + (usage.get(pod.metadata.name ?? '') ?? 0), 0);
  const averageValue = formatQuantity(parseQuantity(`${Math.ceil(used / measured.length)}m`));
  const current: { averageUtilization?: number; averageValue: string } = { averageValue };
  let ratio: number;
  if (target.type === 'Utilization') {
    const requested = measured.reduce((sum, pod) => sum + requestOf(spec, pod, { name, container }), 0);
    current.averageUtilization = Math.trunc((used * 100) / requested);
    ratio = current.averageUtilization / (target.averageUtilization ?? 80);
  } else ratio = used / measured.length / quantityValue(parseQuantity(target.averageValue ?? '1'), 'milli');
  const status: MetricStatus = spec.containerResource
    ? { type: 'ContainerResource', containerResource: { name, container: container ?? '', current } }
    : { type: 'Resource', resource: { name, current } };
  const wanted = Math.abs(ratio - 1) <= TOLERANCE ? replicas : Math.ceil(ratio * measured.length);
  return {
    replicas: wanted,
    status,
    name: `${name} resource${target.type === 'Utilization' ? ' utilization (percentage of request)' : ''}`,
  };
}

function requestOf(spec: MetricSpec, pod: Pod, { name, container }: { name: string; container: string | undefined }): number {
  let total = 0;
  for (const { name: containerName, resources } of pod.spec.containers) {
    if (container && container !== containerName) continue;
    const request = resources?.requests?.[name];
    if (!request) throw failure(spec, `missing request for ${name} in container ${containerName} of Pod ${pod.metadata.name}`);
    total += quantityValue(parseQuantity(request), 'milli');
  }
  return total;
}

async function usageByPod(
  client: KubeClient,
  spec: MetricSpec,
  query: { namespace: string; selector: string; name: string; container: string | undefined },
): Promise<Map<string, number>> {
  const { namespace, selector, name, container } = query;
  const path = `/apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  const { items } = await client.raw<{ items: PodMetrics[] | null }>('GET', path).catch(error => {
    const why = messageOf(error).startsWith('404')
      ? 'the server could not find the requested resource (get pods.metrics.k8s.io)'
      : messageOf(error);
    throw failure(spec, `unable to get metrics for resource ${name}: unable to fetch metrics from resource metrics API: ${why}`);
  });
  return new Map(
    (items ?? []).map(({ metadata, containers }) => [
      metadata.name,
      containers
        .filter(each => !container || each.name === container)
        .reduce((sum, { usage }) => sum + quantityValue(parseQuantity(usage[name] ?? '0'), 'milli'), 0),
    ]),
  );
}
