// Which container a request to a pod's log or streams means.
import type { KindObject } from '../../kinds/index.ts';
import type { PodTarget } from '../../pod-connector.ts';
import type { ApiParts } from '../api-parts.ts';
import { keyOf, type ServedResource } from '../registry/served-resource.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest, notFound } from '../status-error.ts';

interface Container {
  name: string;
}

interface PodSpec {
  nodeName?: string;
  containers: Container[];
  initContainers?: Container[];
  ephemeralContainers?: Container[];
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container';

export interface FoundPod {
  pod: KindObject;
  spec: PodSpec;
}

/** @throws StatusError 404 */
export function findPod(parts: ApiParts, { info }: RequestContext, resource: ServedResource): FoundPod {
  const record = parts.store.get(keyOf(resource, info.namespace, info.name));
  if (!record) throw notFound(resource.name, info.name);
  const pod = record.object as KindObject;
  return { pod, spec: pod['spec'] as unknown as PodSpec };
}

/** @throws StatusError 400 when the pod has no such container, or several and none is named */
export function targetOf({ pod, spec }: FoundPod, container: string | null): PodTarget {
  const name = String(pod.metadata['name']);
  const namespace = String(pod.metadata['namespace']);
  const all = [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])];
  if (container) {
    if (!all.some(candidate => candidate.name === container))
      throw badRequest(`container ${container} is not valid for pod ${name}`);
    return { namespace, name, container };
  }
  if (spec.containers.length === 1) return { namespace, name, container: (spec.containers[0] as Container).name };
  const preferred = (pod.metadata['annotations'] as Record<string, string> | undefined)?.[DEFAULT_CONTAINER];
  if (preferred && all.some(candidate => candidate.name === preferred)) return { namespace, name, container: preferred };
  const names = spec.containers.map(candidate => candidate.name).join(' ');
  const init = (spec.initContainers ?? []).map(candidate => candidate.name).join(' ');
  const or = init === '' ? '' : ` or one of the init containers: [${init}]`;
  throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${names}]${or}`);
}
