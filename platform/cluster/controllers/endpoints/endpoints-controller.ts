// Keeps the EndpointSlices and the Endpoints object of each service with a selector in step with its pods.
import {
  type ControllerHost,
  canonical,
  controllerReference,
  isAlreadyExists,
  isNamespaceTerminating,
  mapMatches,
  objectKey,
  type Pod,
  type Service,
} from '../../controller-runtime/index.ts';
import { type EndpointGroup, endpointGroups, endpointSubsets } from './desired-endpoints.ts';
import {
  ENDPOINTS_MANAGER,
  type EndpointSlice,
  type Endpoints,
  HEADLESS,
  MANAGED_BY,
  SERVICE_NAME,
  SLICE_MANAGER,
} from './endpoint-slice.ts';

const SLICE_SIZE = 100;
const ENDPOINTS_SIZE = 1_000;

export function runEndpointsController(host: ControllerHost): void {
  const services = host.caches.of<Service>({ apiVersion: 'v1', kind: 'Service' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const slices = host.caches.of<EndpointSlice>({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' });
  const endpoints = host.caches.of<Endpoints>({ apiVersion: 'v1', kind: 'Endpoints' });
  const queue = host.queue({ name: 'endpointslice-controller', sync });

  services.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Service)));
  pods.onChange((next, previous) => {
    if (next && previous && footprint(next) === footprint(previous)) return;
    for (const service of services.list((next ?? previous)?.metadata.namespace)) {
      const { selector } = service.spec;
      if (selector && [next, previous].some(pod => pod && mapMatches(selector, pod.metadata.labels)))
        queue.add(objectKey(service));
    }
  });
  slices.onChange((next, previous) => {
    const slice = (next ?? previous) as EndpointSlice;
    const service = slice.metadata.labels?.[SERVICE_NAME];
    if (service && slice.metadata.labels?.[MANAGED_BY] === SLICE_MANAGER) queue.add(`${slice.metadata.namespace}/${service}`);
  });
  endpoints.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Endpoints)));

  async function sync(key: string): Promise<void> {
    const service = services.getByKey(key);
    const [namespace = '', name = ''] = key.split('/');
    if (!service || service.metadata.deletionTimestamp) return removeAll(namespace, name);
    if (!service.spec.selector || service.spec.type === 'ExternalName') return;
    const groups = endpointGroups(service, pods.list(namespace));
    try {
      await syncSlices(service, groups);
      await syncEndpoints(service, groups);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
  }

  function slicesOf(namespace: string, name: string): EndpointSlice[] {
    return slices
      .list(namespace)
      .filter(({ metadata: { labels } }) => labels?.[SERVICE_NAME] === name && labels[MANAGED_BY] === SLICE_MANAGER);
  }

  async function removeAll(namespace: string, name: string): Promise<void> {
    for (const slice of slicesOf(namespace, name)) await slices.delete(slice);
    const object = endpoints.get(namespace, name);
    if (object?.metadata.labels?.[ENDPOINTS_MANAGER]) await endpoints.delete(object);
  }

  async function syncSlices(service: Service, groups: EndpointGroup[]): Promise<void> {
    const { namespace = '', name = '' } = service.metadata;
    const wanted = groups.flatMap(({ ports, endpoints: members }) => {
      const parts: EndpointGroup[] = [];
      for (let from = 0; from < members.length; from += SLICE_SIZE)
        parts.push({ ports, endpoints: members.slice(from, from + SLICE_SIZE) });
      return parts;
    });
    const present = slicesOf(namespace, name);
    // A slice that exists is kept for the group with its ports, so that a change of one pod is one write.
    const free = new Set(present);
    const pairs = wanted.map(group => {
      const slice = [...free].find(each => canonical(each.ports) === canonical(group.ports));
      if (slice) free.delete(slice);
      return { group, slice };
    });
    if (pairs.length === 0) pairs.push({ group: { ports: [], endpoints: [] }, slice: undefined });
    for (const pair of pairs) {
      if (!pair.slice) {
        pair.slice = [...free][0];
        if (pair.slice) free.delete(pair.slice);
      }
      await writeSlice(service, pair.slice, pair.group);
    }
    for (const slice of free) await slices.delete(slice);
  }

  async function writeSlice(service: Service, slice: EndpointSlice | undefined, group: EndpointGroup): Promise<void> {
    const labels: Record<string, string> = {
      ...service.metadata.labels,
      [SERVICE_NAME]: service.metadata.name ?? '',
      [MANAGED_BY]: SLICE_MANAGER,
      ...(service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
    };
    const content = {
      endpoints: group.endpoints.length > 0 ? group.endpoints : null,
      ports: group.ports.length > 0 ? group.ports : null,
    };
    if (!slice) {
      await slices.create({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          generateName: `${service.metadata.name}-`,
          namespace: service.metadata.namespace ?? '',
          labels,
          ownerReferences: [controllerReference(service)],
        },
        addressType: service.spec.ipFamilies?.[0] ?? 'IPv4',
        ...content,
      });
      return;
    }
    const same = canonical({ endpoints: slice.endpoints ?? null, ports: slice.ports ?? null, labels: slice.metadata.labels });
    if (same !== canonical({ ...content, labels }))
      await slices.update({ ...slice, metadata: { ...slice.metadata, labels }, ...content });
  }

  async function syncEndpoints(service: Service, groups: EndpointGroup[]): Promise<void> {
    const { namespace = '', name = '' } = service.metadata;
    const limited = groups.map(group => ({ ...group, endpoints: group.endpoints.slice(0, ENDPOINTS_SIZE) }));
    const subsets = endpointSubsets(limited);
    const labels: Record<string, string> = {
      ...service.metadata.labels,
      [ENDPOINTS_MANAGER]: 'endpoint-controller',
      ...(service.spec.clusterIP === 'None' ? { [HEADLESS]: '' } : {}),
    };
    const present = endpoints.get(namespace, name);
    if (!present) {
      const object = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name, namespace, labels },
        ...(subsets.length > 0 ? { subsets } : {}),
      };
      await endpoints.create(object).catch(error => {
        if (!isAlreadyExists(error)) throw error;
      });
      return;
    }
    if (canonical({ subsets: present.subsets ?? [], labels: present.metadata.labels }) === canonical({ subsets, labels })) return;
    const { subsets: _, ...rest } = present;
    await endpoints.update({ ...rest, metadata: { ...present.metadata, labels }, ...(subsets.length > 0 ? { subsets } : {}) });
  }
}

/** What of a pod its endpoints depend on. */
function footprint(pod: Pod): string {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const { podIP, phase } = pod.status ?? {};
  const { nodeName, hostname, subdomain } = pod.spec;
  return JSON.stringify([
    pod.metadata.labels,
    pod.metadata.deletionTimestamp,
    ready,
    podIP,
    phase,
    nodeName,
    hostname,
    subdomain,
  ]);
}
