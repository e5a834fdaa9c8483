// What a Service gets from the server: a cluster IP of 10.96.0.0/16 and node ports, unique over all services.
import { randomInt } from 'node:crypto';
import type { KindObject } from '../../kinds/index.ts';
import type { FieldError } from '../../schema/index.ts';
import type { Store } from '../../store/index.ts';
import type { AdmissionRequest } from '../registry/registry-parts.ts';
import { internalError, invalid, type StatusError } from '../status-error.ts';

interface ServicePort {
  port: number;
  protocol?: string;
  nodePort?: number;
}

interface ServiceSpec {
  type?: string;
  clusterIP?: string;
  clusterIPs?: string[];
  ipFamilies?: string[];
  ipFamilyPolicy?: string;
  ports?: ServicePort[];
  healthCheckNodePort?: number;
  externalTrafficPolicy?: string;
  allocateLoadBalancerNodePorts?: boolean;
}

const SERVICES = '/services';
const KIND = { group: '', kind: 'Service' };
const PREFIX = '10.96.';
// The lower part of the range is for addresses that people choose (ServiceIPStaticSubrange).
const DYNAMIC_FROM = 256;
const ADDRESSES = 65_536;
const [FIRST_PORT, LAST_PORT] = [30_000, 32_767];

const specOf = (object: KindObject): ServiceSpec => (object['spec'] ?? {}) as ServiceSpec;

interface InUse {
  addresses: Set<string>;
  ports: Set<string>;
}

function inUse(store: Store, except: string): InUse {
  const addresses = new Set<string>();
  const ports = new Set<string>();
  for (const { object } of store.list(SERVICES)) {
    if (`${object.metadata.namespace}/${object.metadata.name}` === except) continue;
    const spec = specOf(object as KindObject);
    if (spec.clusterIP && spec.clusterIP !== 'None') addresses.add(spec.clusterIP);
    for (const { nodePort, protocol } of spec.ports ?? []) if (nodePort) ports.add(`${protocol ?? 'TCP'}/${nodePort}`);
    if (spec.healthCheckNodePort) ports.add(`TCP/${spec.healthCheckNodePort}`);
  }
  return { addresses, ports };
}

function addressError(name: string, badValue: unknown, detail: string): StatusError {
  const errors: FieldError[] = [{ type: 'Invalid value', field: 'spec.clusterIPs', badValue, detail }];
  return invalid(KIND, name, errors);
}

function assignAddress(spec: ServiceSpec, used: InUse, name: string): void {
  if (spec.type === 'ExternalName') return;
  if (spec.clusterIP === 'None') {
    spec.clusterIPs = ['None'];
  } else if (spec.clusterIP) {
    if (!inRange(spec.clusterIP))
      throw addressError(
        name,
        [spec.clusterIP],
        `failed to allocate IP ${spec.clusterIP}: the provided network does not match the current range`,
      );
    if (used.addresses.has(spec.clusterIP))
      throw addressError(name, [spec.clusterIP], `failed to allocate IP ${spec.clusterIP}: provided IP is already allocated`);
    spec.clusterIPs = [spec.clusterIP];
  } else {
    spec.clusterIP = freeAddress(used.addresses);
    spec.clusterIPs = [spec.clusterIP];
  }
  spec.ipFamilies ??= ['IPv4'];
  spec.ipFamilyPolicy ??= 'SingleStack';
}

function inRange(address: string): boolean {
  const match = /^10\.96\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (!match) return false;
  const number = Number(match[1]) * 256 + Number(match[2]);
  return number > 0 && number < ADDRESSES - 1;
}

function freeAddress(used: ReadonlySet<string>): string {
  const start = DYNAMIC_FROM + randomInt(ADDRESSES - 1 - DYNAMIC_FROM);
  for (let step = 0; step < ADDRESSES; step++) {
    const number = (start + step) % (ADDRESSES - 1);
    const address = `${PREFIX}${number >> 8}.${number & 255}`;
    if (number > 0 && !used.has(address)) return address;
  }
  throw internalError('failed to allocate a serviceIP: range is full');
}

function wantsNodePorts(spec: ServiceSpec): boolean {
  return spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
}

function freePort(used: Set<string>, protocol: string): number {
  const count = LAST_PORT - FIRST_PORT + 1;
  const start = randomInt(count);
  for (let step = 0; step < count; step++) {
    const port = FIRST_PORT + ((start + step) % count);
    if (!used.has(`${protocol}/${port}`)) return port;
  }
  throw internalError('failed to allocate a nodePort: range is full');
}

function assignPorts(spec: ServiceSpec, used: InUse, { name, previous }: { name: string; previous?: ServiceSpec }): void {
  if (!wantsNodePorts(spec)) return;
  const own = new Set<string>();
  const errors: FieldError[] = [];
  const before = new Map((previous?.ports ?? []).map(port => [`${port.protocol ?? 'TCP'}/${port.port}`, port.nodePort]));
  spec.ports?.forEach((port, index) => {
    const protocol = port.protocol ?? 'TCP';
    const field = `spec.ports[${index}].nodePort`;
    if (!port.nodePort) {
      const kept = before.get(`${protocol}/${port.port}`);
      port.nodePort = kept && !own.has(`${protocol}/${kept}`) ? kept : freePort(new Set([...used.ports, ...own]), protocol);
    } else if (port.nodePort < FIRST_PORT || port.nodePort > LAST_PORT) {
      errors.push({
        type: 'Invalid value',
        field,
        badValue: port.nodePort,
        detail: `provided port is not in the valid range. The range of valid ports is ${FIRST_PORT}-${LAST_PORT}`,
      });
    } else if (used.ports.has(`${protocol}/${port.nodePort}`)) {
      errors.push({ type: 'Invalid value', field, badValue: port.nodePort, detail: 'provided port is already allocated' });
    }
    own.add(`${protocol}/${port.nodePort}`);
  });
  if (errors.length > 0) throw invalid(KIND, name, errors);
  if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && !spec.healthCheckNodePort)
    spec.healthCheckNodePort = freePort(new Set([...used.ports, ...own]), 'TCP');
}

/** Mutates Services that are created or updated; other kinds pass. @throws StatusError 422 */
export function serviceAllocator(store: Store): (request: AdmissionRequest) => void {
  return ({ resource, object, previous, subresource, namespace, name }) => {
    if (resource.collection !== SERVICES || subresource !== '' || !object) return;
    const spec = specOf(object);
    const used = inUse(store, `${namespace}/${name}`);
    const before = previous && specOf(previous);
    if (before?.clusterIP && before.type !== 'ExternalName' && spec.type !== 'ExternalName') {
      // The strategy has kept or refused a change already.
      spec.clusterIP ??= before.clusterIP;
      spec.clusterIPs ??= [spec.clusterIP];
    } else {
      assignAddress(spec, used, name);
    }
    assignPorts(spec, used, { name, ...(before ? { previous: before } : {}) });
  };
}
