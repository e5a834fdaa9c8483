// Services: what depends on their type, and what an update keeps of addresses and ports. Addresses and node ports are given by the server.
import type { V1Service } from '@kubernetes/client-node';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { ensure, type Loose, sameValue, setDefault, setDefaultIfZero } from '../objects.ts';
import { age, labelsText, loadBalancerAddresses, NONE, nameOf } from '../tables/cells.ts';
import { validateService, validateServiceUpdate } from './service-validation.ts';

export type Service = Loose<V1Service>;
export type ServiceSpec = NonNullable<Service['spec']>;

const needsClusterIp = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName';
const needsNodePort = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
const isExternal = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);

function defaultService(service: Service): void {
  const spec = ensure(service, 'spec');
  setDefaultIfZero(spec, 'sessionAffinity', 'None');
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP')
    setDefault(ensure(ensure(spec, 'sessionAffinityConfig'), 'clientIP'), 'timeoutSeconds', 10800);
  setDefaultIfZero(spec, 'type', 'ClusterIP');
  for (const port of spec.ports ?? []) {
    setDefaultIfZero(port, 'protocol', 'TCP');
    if (!port.targetPort && port.port !== undefined) port.targetPort = port.port;
  }
  if (isExternal(spec)) setDefaultIfZero(spec, 'externalTrafficPolicy', 'Cluster');
  if (needsClusterIp(spec)) setDefault(spec, 'internalTrafficPolicy', 'Cluster');
  if (spec.type === 'LoadBalancer') setDefault(spec, 'allocateLoadBalancerNodePorts', true);
}

/** Families of a single-stack IPv4 cluster, as the real allocator would fill them in. */
function defaultFamilies(spec: ServiceSpec): void {
  if (!needsClusterIp(spec)) return;
  const headlessWithoutSelector = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  if (!spec.ipFamilyPolicy) {
    if (headlessWithoutSelector && !spec.ipFamilies?.length) spec.ipFamilyPolicy = 'RequireDualStack';
    else spec.ipFamilyPolicy = (spec.ipFamilies?.length ?? 0) > 1 ? 'RequireDualStack' : 'SingleStack';
  }
  if (spec.ipFamilies?.length) return;
  spec.ipFamilies = headlessWithoutSelector && spec.ipFamilyPolicy !== 'SingleStack' ? ['IPv4', 'IPv6'] : ['IPv4'];
}

/** The older `clusterIP` and the list `clusterIPs` say the same; whichever a client changed wins. */
function normaliseClusterIps(spec: ServiceSpec, before: ServiceSpec | undefined): void {
  if (!before) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (!spec.clusterIP && before.clusterIP && sameValue(spec.clusterIPs, before.clusterIPs)) delete spec.clusterIPs;
  if (before.clusterIP && !spec.clusterIPs?.length && spec.clusterIP === before.clusterIP) delete spec.clusterIP;
  if (!before.clusterIP && spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
  if (
    before.clusterIP !== spec.clusterIP &&
    sameValue(spec.clusterIPs, before.clusterIPs) &&
    spec.clusterIP &&
    spec.clusterIPs?.length
  ) {
    spec.clusterIPs[0] = spec.clusterIP;
  }
}

type Port = NonNullable<ServiceSpec['ports']>[number];

/** A PUT that leaves out what the server gave keeps it. */
function keepAllocated(spec: ServiceSpec, before: ServiceSpec): void {
  if (needsClusterIp(before) && needsClusterIp(spec)) {
    if (!spec.clusterIP && !spec.clusterIPs?.length && before.clusterIP) spec.clusterIP = before.clusterIP;
    if (!spec.clusterIPs?.length && spec.clusterIP === before.clusterIP && before.clusterIPs)
      spec.clusterIPs = [...before.clusterIPs];
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    if (!spec.ipFamilyPolicy && before.ipFamilyPolicy) spec.ipFamilyPolicy = before.ipFamilyPolicy;
    if (!spec.ipFamilies?.length && before.ipFamilies) spec.ipFamilies = [...before.ipFamilies];
  }
  if (needsNodePort(before) && needsNodePort(spec)) {
    const key = (port: Port): string => `${port.protocol}/${port.port}`;
    const used = new Set((spec.ports ?? []).map(port => port.nodePort).filter(Boolean));
    const given = new Map((before.ports ?? []).map(port => [key(port), port.nodePort]));
    for (const port of spec.ports ?? []) {
      const nodePort = given.get(key(port));
      if (port.nodePort || !nodePort || used.has(nodePort)) continue;
      port.nodePort = nodePort;
      used.add(nodePort);
    }
  }
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && before.healthCheckNodePort) {
    spec.healthCheckNodePort ??= before.healthCheckNodePort;
  }
}

/** Fields that only the old type had go, unless the client changed them in the same write. */
function dropForType(spec: ServiceSpec, before: ServiceSpec): void {
  const drop = (key: keyof ServiceSpec): void => {
    if (sameValue(spec[key], before[key])) delete spec[key];
  };
  if (needsClusterIp(before) && !needsClusterIp(spec))
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'] as const) drop(key);
  if (needsNodePort(before) && !needsNodePort(spec)) {
    const old = new Set((before.ports ?? []).map(port => port.nodePort));
    for (const port of spec.ports ?? []) if (old.has(port.nodePort)) delete port.nodePort;
  }
  if (isExternal(before) && !isExternal(spec)) drop('externalTrafficPolicy');
  const local = (one: ServiceSpec): boolean => one.type === 'LoadBalancer' && one.externalTrafficPolicy === 'Local';
  if (local(before) && !local(spec)) drop('healthCheckNodePort');
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    drop('allocateLoadBalancerNodePorts');
    drop('loadBalancerClass');
  }
}

const addresses = (service: Service): string[] => loadBalancerAddresses(service.status?.loadBalancer?.ingress);

function externalAddress(service: Service): string {
  const spec = service.spec ?? {};
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const all = [...addresses(service), ...external];
      return all.length > 0 ? all.join(',') : '<pending>';
    }
    default:
      return external.length > 0 ? external.join(',') : NONE;
  }
}

const portsText = (ports: Port[] | undefined): string =>
  (ports ?? [])
    .map(({ port, nodePort, protocol }) => (nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`))
    .join(',') || NONE;

export const serviceRules: KindRules = rulesFor<Service>({
  nameRule: 'label1035',
  defaults: defaultService,
  initialStatus: () => ({ loadBalancer: {} }),
  prepareCreate(service) {
    const spec = ensure(service, 'spec');
    normaliseClusterIps(spec, undefined);
    defaultFamilies(spec);
  },
  prepareUpdate(next, previous) {
    const spec = ensure(next, 'spec');
    const before = previous.spec ?? {};
    normaliseClusterIps(spec, before);
    keepAllocated(spec, before);
    dropForType(spec, before);
    defaultFamilies(spec);
  },
  validate: validateService,
  validateChange: validateServiceUpdate,
  cells: (obj, now) => [
    nameOf(obj),
    obj.spec?.type ?? '',
    obj.spec?.clusterIPs?.[0] || obj.spec?.clusterIP || NONE,
    externalAddress(obj),
    portsText(obj.spec?.ports),
    age(obj, now),
    labelsText(obj.spec?.selector),
  ],
  selectableFields: obj => ({ 'spec.clusterIP': obj.spec?.clusterIP ?? '', 'spec.type': obj.spec?.type ?? '' }),
  deletion: { returnsObject: true },
});
