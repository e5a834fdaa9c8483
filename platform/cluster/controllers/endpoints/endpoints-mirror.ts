// Copies Endpoints that users write by hand, for services without a selector, into EndpointSlices.
import {
  type ControllerHost,
  canonical,
  controllerOf,
  controllerReference,
  objectKey,
  type Service,
} from '../../controller-runtime/index.ts';
import {
  ENDPOINTS_MANAGER,
  type EndpointSlice,
  type EndpointSubset,
  type Endpoints,
  MANAGED_BY,
  SERVICE_NAME,
} from './endpoint-slice.ts';

const MIRROR_MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const MOST_ADDRESSES = 1_000;

export function runEndpointsMirror(host: ControllerHost): void {
  const services = host.caches.of<Service>({ apiVersion: 'v1', kind: 'Service' });
  const endpoints = host.caches.of<Endpoints>({ apiVersion: 'v1', kind: 'Endpoints' });
  const slices = host.caches.of<EndpointSlice>({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' });
  const queue = host.queue({ name: 'endpointslicemirroring-controller', sync });

  endpoints.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Endpoints)));
  services.onChange((next, previous) => queue.add(objectKey((next ?? previous) as Service)));
  slices.onChange((next, previous) => {
    const slice = (next ?? previous) as EndpointSlice;
    const owner = controllerOf(slice);
    if (owner?.kind === 'Endpoints') queue.add(`${slice.metadata.namespace}/${owner.name}`);
  });

  async function sync(key: string): Promise<void> {
    const object = endpoints.getByKey(key);
    const service = services.getByKey(key);
    const [namespace = '', name = ''] = key.split('/');
    const present = slices
      .list(namespace)
      .filter(({ metadata: { labels } }) => labels?.[SERVICE_NAME] === name && labels[MANAGED_BY] === MIRROR_MANAGER);
    const mirrored = object && service && !service.spec.selector && isMirrored(object);
    const wanted = mirrored ? (object.subsets ?? []).map(contentOf) : [];
    for (const [index, content] of wanted.entries()) {
      const slice = present[index];
      if (!slice) await slices.create(newSlice(object as Endpoints, content));
      else if (canonical(content) !== canonical({ endpoints: slice.endpoints ?? null, ports: slice.ports ?? null }))
        await slices.update({ ...slice, ...content });
    }
    for (const slice of present.slice(wanted.length)) await slices.delete(slice);
  }
}

function isMirrored({ metadata }: Endpoints): boolean {
  if (metadata.deletionTimestamp || metadata.labels?.[SKIP_MIRROR] === 'true' || metadata.labels?.[ENDPOINTS_MANAGER])
    return false;
  return !metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'];
}

function contentOf({
  addresses = [],
  notReadyAddresses = [],
  ports = [],
}: EndpointSubset): Pick<EndpointSlice, 'endpoints' | 'ports'> {
  const endpoint = (ready: boolean) => (address: (typeof addresses)[number]) => {
    const { ip, hostname, nodeName, targetRef } = address;
    return {
      addresses: [ip],
      conditions: { ready },
      ...(hostname ? { hostname } : {}),
      ...(nodeName ? { nodeName } : {}),
      ...(targetRef ? { targetRef } : {}),
    };
  };
  const members = [...addresses.map(endpoint(true)), ...notReadyAddresses.map(endpoint(false))].slice(0, MOST_ADDRESSES);
  return {
    endpoints: members as EndpointSlice['endpoints'],
    ports: ports.map(({ name = '', protocol = 'TCP', ...port }) => ({ name, protocol, ...port })),
  };
}

function newSlice(object: Endpoints, content: Pick<EndpointSlice, 'endpoints' | 'ports'>): EndpointSlice {
  const { name = '', namespace = '', labels } = object.metadata;
  const address = content.endpoints?.[0]?.addresses[0] ?? '';
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MIRROR_MANAGER },
      ownerReferences: [controllerReference(object)],
    },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    ...content,
  };
}
