// NetworkPolicies, EndpointSlices and the address kinds of the cluster.
import { isIP } from 'node:net';
import type {
  V1EndpointSlice,
  V1IPAddress,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1ServiceCIDR,
} from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, required, tooMany, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dnsLabel } from '../meta/names.ts';
import { type Selector, selectorText, validateSelector } from '../meta/selectors.ts';
import { ensure, type Loose, setDefault, setDefaultIfZero } from '../objects.ts';
import { validatePortReference } from '../pods/validate-probes.ts';
import { age, NONE, nameOf, shortList } from '../tables/cells.ts';

type NetworkPolicy = Loose<V1NetworkPolicy>;
type Peer = Loose<V1NetworkPolicyPeer>;
type PolicyPort = Loose<V1NetworkPolicyPort>;

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  const family = isIP(address);
  return more.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
}

const ipNumber = (address: string): number => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

/** Whether `inner` lies strictly inside `outer` (IPv4 alone is compared). */
function isInside(inner: string, outer: string): boolean {
  const [innerAddress = '', innerBits = ''] = inner.split('/');
  const [outerAddress = '', outerBits = ''] = outer.split('/');
  if (isIP(innerAddress) !== 4 || isIP(outerAddress) !== 4) return true;
  const size = 2 ** (32 - Number(outerBits));
  return (
    Number(innerBits) > Number(outerBits) &&
    Math.floor(ipNumber(innerAddress) / size) === Math.floor(ipNumber(outerAddress) / size)
  );
}

function validatePeer(peer: Peer, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let peers = 0;
  if (peer.podSelector) {
    peers += 1;
    errors.push(...validateSelector(peer.podSelector as Selector, `${field}.podSelector`));
  }
  if (peer.namespaceSelector) {
    peers += 1;
    errors.push(...validateSelector(peer.namespaceSelector as Selector, `${field}.namespaceSelector`));
  }
  if (peer.ipBlock) {
    const { cidr = '', except = [] } = peer.ipBlock;
    if (!cidr) errors.push(required(`${field}.ipBlock.cidr`));
    else if (!isCidr(cidr)) errors.push(invalid(`${field}.ipBlock.cidr`, cidr, CIDR));
    else {
      for (const [index, hole] of except.entries()) {
        const at = `${field}.ipBlock.except[${index}]`;
        if (!isCidr(hole)) errors.push(invalid(at, hole, CIDR));
        else if (!isInside(hole, cidr)) errors.push(invalid(at, hole, 'must be a strict subset of `cidr`'));
      }
    }
    if (peers > 0) errors.push(forbidden(field, 'may not specify both ipBlock and another peer'));
    peers += 1;
  }
  if (peers === 0) errors.push(required(field, 'must specify a peer'));
  return errors;
}

function validatePort(port: PolicyPort, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (port.protocol !== undefined && !PROTOCOLS.includes(port.protocol))
    errors.push(unsupported(`${field}.protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']));
  const number: unknown = port.port;
  if (number !== undefined) {
    errors.push(...validatePortReference(number, `${field}.port`));
    if (port.endPort !== undefined) {
      if (typeof number === 'string')
        errors.push(invalid(`${field}.endPort`, port.endPort, 'may not be specified when `port` is non-numeric'));
      else if (port.endPort < Number(number))
        errors.push(invalid(`${field}.endPort`, number, 'must be greater than or equal to `port`'));
      else if (port.endPort > 65535)
        errors.push(invalid(`${field}.endPort`, port.endPort, 'must be between 1 and 65535, inclusive'));
    }
  } else if (port.endPort !== undefined)
    errors.push(invalid(`${field}.endPort`, port.endPort, 'may not be specified when `port` is not specified'));
  return errors;
}

interface Rule {
  ports?: PolicyPort[];
  peers: Peer[];
}

function rulesOf(policy: NetworkPolicy, direction: 'ingress' | 'egress'): Rule[] {
  const spec = policy.spec as Record<string, { ports?: PolicyPort[]; from?: Peer[]; to?: Peer[] }[] | undefined> | undefined;
  return (spec?.[direction] ?? []).map(rule => ({
    ports: rule.ports ?? [],
    peers: rule[direction === 'ingress' ? 'from' : 'to'] ?? [],
  }));
}

function validatePolicy(policy: NetworkPolicy): FieldError[] {
  const spec = policy.spec ?? {};
  const errors = validateSelector(spec.podSelector as Selector | undefined, 'spec.podSelector');
  for (const [direction, peers] of [
    ['ingress', 'from'],
    ['egress', 'to'],
  ] as const) {
    for (const [index, rule] of rulesOf(policy, direction).entries()) {
      const field = `spec.${direction}[${index}]`;
      for (const [at, port] of (rule.ports ?? []).entries()) errors.push(...validatePort(port, `${field}.ports[${at}]`));
      for (const [at, peer] of rule.peers.entries()) errors.push(...validatePeer(peer, `${field}.${peers}[${at}]`));
    }
  }
  const types = spec.policyTypes ?? [];
  if (types.length > 2) errors.push(invalid('spec.policyTypes', types, 'may not specify more than two policyTypes'));
  for (const [index, type] of types.entries()) {
    if (type !== 'Ingress' && type !== 'Egress')
      errors.push(unsupported(`spec.policyTypes[${index}]`, type, ['Ingress', 'Egress']));
  }
  return errors;
}

export const networkPolicyRules: KindRules = rulesFor<NetworkPolicy>({
  defaults(policy) {
    const spec = ensure(policy, 'spec');
    ensure(spec, 'podSelector');
    for (const direction of ['ingress', 'egress'] as const) {
      for (const rule of rulesOf(policy, direction)) for (const port of rule.ports ?? []) setDefault(port, 'protocol', 'TCP');
    }
    if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress'];
  },
  generationFields: ['spec'],
  validate: validatePolicy,
  cells: (obj, now) => [nameOf(obj), selectorText(obj.spec?.podSelector as Selector | undefined) || NONE, age(obj, now)],
});

type Slice = Loose<V1EndpointSlice>;
const FAMILIES = ['FQDN', 'IPv4', 'IPv6'];

function validateSlice(slice: Slice): FieldError[] {
  const errors: FieldError[] = [];
  if (!slice.addressType) errors.push(required('addressType'));
  else if (!FAMILIES.includes(slice.addressType)) errors.push(unsupported('addressType', slice.addressType, FAMILIES));
  const names = new Set<string>();
  for (const [index, { name = '', protocol }] of (slice.ports ?? []).entries()) {
    const field = `ports[${index}]`;
    if (name) errors.push(...dnsLabel(name).map(message => invalid(`${field}.name`, name, message)));
    if (names.has(name)) errors.push({ type: 'Duplicate value', field: `${field}.name`, badValue: name, detail: '' });
    names.add(name);
    if (!PROTOCOLS.includes(protocol ?? '')) errors.push(unsupported(`${field}.protocol`, protocol ?? '', PROTOCOLS));
  }
  if ((slice.endpoints?.length ?? 0) > 1000) errors.push(tooMany('endpoints', slice.endpoints?.length ?? 0, 1000));
  for (const [index, { addresses = [] }] of (slice.endpoints ?? []).entries()) {
    const field = `endpoints[${index}].addresses`;
    if (addresses.length === 0) errors.push(required(field, 'must contain at least 1 address'));
    if (addresses.length > 100) errors.push(tooMany(field, addresses.length, 100));
    for (const [at, address] of addresses.entries()) {
      if (slice.addressType === 'IPv4' && isIP(address) !== 4)
        errors.push(invalid(`${field}[${at}]`, address, isIP(address) === 0 ? ADDRESS : 'must be an IPv4 address'));
      if (slice.addressType === 'IPv6' && isIP(address) !== 6)
        errors.push(invalid(`${field}[${at}]`, address, isIP(address) === 0 ? ADDRESS : 'must be an IPv6 address'));
    }
  }
  return errors;
}

export const endpointSliceRules: KindRules = rulesFor<Slice>({
  defaults(slice) {
    for (const port of slice.ports ?? []) {
      setDefault(port, 'name', '');
      setDefaultIfZero(port, 'protocol', 'TCP');
    }
    for (const endpoint of slice.endpoints ?? []) ensure(endpoint, 'conditions');
  },
  generationFields: ['addressType', 'endpoints', 'ports'],
  validate: validateSlice,
  // With another address type the addresses make no sense any more: that alone is said.
  validateUpdate: (next, previous) =>
    next.addressType === previous.addressType ? validateSlice(next) : [invalid('addressType', next.addressType ?? '', IMMUTABLE)],
  cells(obj, now) {
    const ports = (obj.ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port)));
    const addresses = (obj.endpoints ?? []).flatMap(({ addresses: list }) => list ?? []);
    return [
      nameOf(obj),
      obj.addressType ?? '',
      obj.ports?.length ? shortList(ports, 3) : '<unset>',
      addresses.length === 0 ? '<unset>' : shortList(addresses, 3),
      age(obj, now),
    ];
  },
});

export const ipAddressRules: KindRules = rulesFor<Loose<V1IPAddress>>({
  nameRule: name => (isIP(name) === 0 ? ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'] : []),
  validate: obj => (obj.spec?.parentRef ? [] : [required('spec.parentRef')]),
  cells(obj) {
    const { group, resource, namespace, name } = obj.spec?.parentRef ?? {};
    return [
      nameOf(obj),
      [resource ?? '', ...(group ? [group] : [])].join('.') + `/${namespace ? `${namespace}/` : ''}${name ?? ''}`,
    ];
  },
});

export const serviceCidrRules: KindRules = rulesFor<Loose<V1ServiceCIDR>>({
  validate: obj =>
    (obj.spec?.cidrs?.length ?? 0) === 0
      ? [required('spec.cidrs', 'at least one CIDR required')]
      : (obj.spec?.cidrs ?? []).flatMap((cidr, index) => (isCidr(cidr) ? [] : [invalid(`spec.cidrs[${index}]`, cidr, CIDR)])),
  cells: (obj, now) => [nameOf(obj), (obj.spec?.cidrs ?? []).join(','), age(obj, now)],
});
