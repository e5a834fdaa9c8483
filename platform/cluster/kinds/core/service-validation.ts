// Validation of Services.
import { isIP } from 'node:net';
import type { FieldError } from '../../schema/index.ts';
import { duplicate, forbidden, invalid, rangeMessage, required, struct, unsupported } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../meta/names.ts';
import { validateLabels } from '../meta/validate.ts';
import { validatePortReference } from '../pods/validate-probes.ts';
import type { Service, ServiceSpec } from './service-rules.ts';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const POLICIES = ['Cluster', 'Local'];
const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode'];

/** A port as the message about a duplicate shows it: what makes it one, and zero values. */
const shownPort = (Protocol = '', Port = 0): unknown =>
  struct({ Name: '', Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort: 0 });

function validatePort(port: NonNullable<ServiceSpec['ports']>[number], spec: ServiceSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if ((spec.ports?.length ?? 0) > 1 && !port.name) errors.push(required(`${field}.name`));
  else if (port.name) errors.push(...dnsLabel(port.name).map(message => invalid(`${field}.name`, port.name, message)));
  const number = port.port ?? 0;
  if (number < 1 || number > 65535) errors.push(invalid(`${field}.port`, number, rangeMessage(1, 65535)));
  if (!port.protocol) errors.push(required(`${field}.protocol`));
  else if (!PROTOCOLS.includes(port.protocol)) errors.push(unsupported(`${field}.protocol`, port.protocol, PROTOCOLS));
  if (spec.type !== 'ExternalName') errors.push(...validatePortReference(port.targetPort, `${field}.targetPort`));
  return errors;
}

function validatePorts(spec: ServiceSpec): FieldError[] {
  const ports = spec.ports ?? [];
  const errors: FieldError[] = [];
  if (ports.length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    errors.push(...validatePort(port, spec, field));
    if (port.name) {
      if (names.has(port.name)) errors.push(duplicate(`${field}.name`, port.name));
      names.add(port.name);
    }
  }
  return errors;
}

function validatePortUniqueness(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, { protocol, port, nodePort }] of (spec.ports ?? []).entries()) {
    const field = `spec.ports[${index}]`;
    if (spec.type === 'ClusterIP' && nodePort)
      errors.push(forbidden(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    if (nodePort) {
      const key = `${protocol}/${nodePort}`;
      if (nodePorts.has(key)) errors.push(duplicate(`${field}.nodePort`, nodePort));
      nodePorts.add(key);
    }
    const key = `${protocol}/${port}`;
    if (seen.has(key)) errors.push(duplicate(field, shownPort(protocol, port)));
    seen.add(key);
  }
  return errors;
}

function validateAddresses(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP && spec.clusterIP !== 'None')
      errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'));
    return errors;
  }
  if (spec.clusterIPs?.length && spec.clusterIP && spec.clusterIPs[0] !== spec.clusterIP) {
    errors.push(invalid('spec.clusterIPs', spec.clusterIPs, 'first value must match `clusterIP`'));
  }
  if (spec.clusterIPs?.length && !spec.clusterIP) {
    errors.push(invalid('spec.clusterIPs', spec.clusterIPs, 'must be empty when `clusterIP` is not specified'));
  }
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address === 'None' && index === 0) continue;
    if (isIP(address) === 0) errors.push(invalid(`spec.clusterIPs[${index}]`, address, ADDRESS));
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    const field = `spec.ipFamilies[${index}]`;
    if (family !== 'IPv4' && family !== 'IPv6') errors.push(unsupported(field, family, ['IPv4', 'IPv6']));
  }
  const policies = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
  if (spec.ipFamilyPolicy && !policies.includes(spec.ipFamilyPolicy))
    errors.push(unsupported('spec.ipFamilyPolicy', spec.ipFamilyPolicy, policies));
  return errors;
}

/** What the real allocator refuses in a cluster with IPv4 alone. */
function validateFamilies(spec: ServiceSpec): FieldError[] {
  if (spec.type === 'ExternalName') return [];
  const headlessWithoutSelector = spec.clusterIP === 'None' && Object.keys(spec.selector ?? {}).length === 0;
  if (headlessWithoutSelector) return [];
  const unknown = (spec.ipFamilies ?? []).indexOf('IPv6');
  if (unknown >= 0) return [invalid(`spec.ipFamilies[${unknown}]`, 'IPv6', 'not configured on this cluster')];
  if (spec.ipFamilyPolicy === 'RequireDualStack') {
    return [invalid('spec.ipFamilyPolicy', 'RequireDualStack', 'this cluster is not configured for dual-stack services')];
  }
  return [];
}

function validateByType(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = [];
  switch (spec.type) {
    case 'LoadBalancer':
      if (spec.clusterIP === 'None')
        errors.push(invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for LoadBalancer services"));
      break;
    case 'NodePort':
      if (spec.clusterIP === 'None')
        errors.push(invalid('spec.clusterIPs[0]', 'None', "may not be set to 'None' for NodePort services"));
      break;
    case 'ExternalName': {
      const name = (spec.externalName ?? '').replace(/\.$/, '');
      if (name) errors.push(...dnsSubdomain(name).map(message => invalid('spec.externalName', spec.externalName, message)));
      else errors.push(required('spec.externalName'));
      break;
    }
    default:
  }
  return errors;
}

export function validateService(service: Service): FieldError[] {
  const spec = service.spec ?? {};
  const errors: FieldError[] = [];
  errors.push(...validatePorts(spec));
  errors.push(...validateByType(spec));
  errors.push(...validateLabels(spec.selector, 'spec.selector'));
  if (!['ClientIP', 'None'].includes(spec.sessionAffinity ?? ''))
    errors.push(unsupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']));
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (timeout !== undefined && (timeout <= 0 || timeout > 86400)) {
    errors.push(
      invalid('spec.sessionAffinityConfig.clientIP.timeoutSeconds', timeout, 'must be greater than 0 and less than 86400'),
    );
  }
  errors.push(...validateAddresses(spec));
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    if (isIP(address) === 0) errors.push(invalid(`spec.externalIPs[${index}]`, address, ADDRESS));
  }
  if (!spec.type) errors.push(required('spec.type'));
  else if (!TYPES.includes(spec.type)) errors.push(unsupported('spec.type', spec.type, TYPES));
  errors.push(...validatePortUniqueness(spec));
  if (spec.loadBalancerSourceRanges?.length && spec.type !== 'LoadBalancer') {
    errors.push(forbidden('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (spec.externalTrafficPolicy) {
    const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs?.length ?? 0) > 0;
    if (!external) {
      const detail = 'may only be set for externally-accessible services';
      errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, detail));
    } else if (!POLICIES.includes(spec.externalTrafficPolicy)) {
      errors.push(unsupported('spec.externalTrafficPolicy', spec.externalTrafficPolicy, POLICIES));
    }
  }
  if (spec.internalTrafficPolicy && !POLICIES.includes(spec.internalTrafficPolicy)) {
    errors.push(unsupported('spec.internalTrafficPolicy', spec.internalTrafficPolicy, POLICIES));
  }
  if (spec.trafficDistribution && !DISTRIBUTIONS.includes(spec.trafficDistribution)) {
    errors.push(unsupported('spec.trafficDistribution', spec.trafficDistribution, DISTRIBUTIONS));
  }
  return errors.length > 0 ? errors : validateFamilies(spec);
}

export function validateServiceUpdate(next: Service, previous: Service): FieldError[] {
  const spec = next.spec ?? {};
  const before = previous.spec ?? {};
  const errors: FieldError[] = [];
  if (before.type !== 'ExternalName' && spec.type !== 'ExternalName' && before.clusterIPs?.[0]) {
    if (spec.clusterIPs?.[0] !== before.clusterIPs[0]) {
      errors.push(
        invalid(
          'spec.clusterIPs[0]',
          spec.clusterIPs ?? null,
          spec.clusterIPs?.length ? 'may not change once set' : 'primary clusterIP can not be unset',
        ),
      );
    }
  }
  if (
    before.type === 'LoadBalancer' &&
    spec.type === 'LoadBalancer' &&
    (before.loadBalancerClass ?? '') !== (spec.loadBalancerClass ?? '')
  ) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'));
  }
  return errors;
}
