// What a service's slices and its Endpoints object should say, told from the pods that its selector names.
import { isFinished, isReady, mapMatches, type Pod, type Service } from '../../controller-runtime/index.ts';
import { type Endpoint, type EndpointPort, type EndpointSubset, portsOn } from './endpoint-slice.ts';

/** Endpoints that listen on the same ports. */
export interface EndpointGroup {
  ports: EndpointPort[];
  endpoints: Endpoint[];
}

/** The pods behind a service that have an address and may still answer, ordered by name. */
export function podsBehind(service: Service, pods: Pod[]): Pod[] {
  const { selector } = service.spec;
  if (!selector) return [];
  return pods
    .filter(pod => mapMatches(selector, pod.metadata.labels) && pod.status?.podIP && !isFinished(pod))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata;
  const serving = isReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const { hostname, subdomain, nodeName } = pod.spec;
  return {
    addresses: [pod.status?.podIP ?? ''],
    conditions: { ready: service.spec.publishNotReadyAddresses === true || (serving && !terminating), serving, terminating },
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    ...(nodeName ? { nodeName } : {}),
    targetRef: { kind: 'Pod', namespace, name, uid },
  };
}

/** One group for each set of ports; pods may resolve a named port differently. */
export function endpointGroups(service: Service, pods: Pod[]): EndpointGroup[] {
  const groups = new Map<string, EndpointGroup>();
  for (const pod of podsBehind(service, pods)) {
    const ports = portsOn(service, pod);
    if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
    const key = JSON.stringify(ports);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { ports, endpoints: [] }));
    group.endpoints.push(endpointOf(service, pod));
  }
  return [...groups.values()];
}

/** The older form of the same. A pod that is being deleted is not in it. */
export function endpointSubsets(groups: EndpointGroup[]): EndpointSubset[] {
  return groups.flatMap(({ ports, endpoints }) => {
    const address = ({ addresses, hostname, nodeName, targetRef }: Endpoint) => ({
      ip: addresses[0] ?? '',
      ...(hostname ? { hostname } : {}),
      ...(nodeName ? { nodeName } : {}),
      targetRef,
    });
    const living = endpoints.filter(({ conditions }) => !conditions.terminating || conditions.ready);
    const ready = living.filter(({ conditions }) => conditions.ready).map(address);
    const notReady = living.filter(({ conditions }) => !conditions.ready).map(address);
    if (ready.length + notReady.length === 0) return [];
    return [
      {
        ...(ready.length > 0 ? { addresses: ready } : {}),
        ...(notReady.length > 0 ? { notReadyAddresses: notReady } : {}),
        ...(ports.length > 0 ? { ports: ports.map(({ name, ...port }) => (name ? { name, ...port } : port)) } : {}),
      },
    ];
  });
}
