// Ingresses and IngressClasses.
import { isIP } from 'node:net';
import type { V1Ingress, V1IngressBackend, V1IngressClass } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dns1035Label, dnsSubdomain, portName, portNumber, wildcardSubdomain } from '../meta/names.ts';
import { ensure, type Loose, sameValue, setDefault } from '../objects.ts';
import { age, loadBalancerAddresses, NONE, nameOf } from '../tables/cells.ts';

type Ingress = Loose<V1Ingress>;
type Backend = Loose<V1IngressBackend>;

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateBackend(backend: Backend | undefined, field: string): FieldError[] {
  const service = backend?.service;
  const resource = backend?.resource;
  if (service && resource) return [invalid(field, '', 'cannot set both resource and service backends')];
  if (resource) {
    const errors: FieldError[] = [];
    if (!resource.kind) errors.push(required(`${field}.resource.kind`));
    if (!resource.name) errors.push(required(`${field}.resource.name`));
    return errors;
  }
  if (!service) return [invalid(field, '', 'resource or service backend is required')];
  const errors: FieldError[] = [];
  const name = service.name ?? '';
  if (!name) errors.push(required(`${field}.service.name`));
  else errors.push(...dns1035Label(name).map(message => invalid(`${field}.service.name`, name, message)));
  const port = service.port ?? {};
  if (port.name && port.number) errors.push(invalid(field, '', 'cannot set both port name & port number'));
  else if (port.name)
    errors.push(...portName(port.name).map(message => invalid(`${field}.service.port.name`, port.name, message)));
  else if (port.number)
    errors.push(...portNumber(port.number).map(message => invalid(`${field}.service.port.number`, port.number, message)));
  else errors.push(required(field, 'port name or number is required'));
  return errors;
}

const INVALID_PATH_PARTS = ['//', '/./', '/../', '%2f', '%2F'];
const INVALID_PATH_ENDS = ['/..', '/.'];

function validatePath(path: { path?: string; pathType?: string; backend?: Backend }, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const text = path.path ?? '';
  if (path.pathType === undefined) return [required(`${field}.pathType`, 'pathType must be specified')];
  if (path.pathType === 'Exact' || path.pathType === 'Prefix') {
    if (!text.startsWith('/')) errors.push(invalid(`${field}.path`, text, 'must be an absolute path'));
    else {
      for (const part of INVALID_PATH_PARTS)
        if (text.includes(part)) errors.push(invalid(`${field}.path`, text, `must not contain '${part}'`));
      for (const end of INVALID_PATH_ENDS)
        if (text.endsWith(end)) errors.push(invalid(`${field}.path`, text, `cannot end with '${end}'`));
    }
  } else if (path.pathType === 'ImplementationSpecific') {
    if (text && !text.startsWith('/')) errors.push(invalid(`${field}.path`, text, 'must be an absolute path'));
  } else errors.push(unsupported(`${field}.pathType`, path.pathType, PATH_TYPES));
  errors.push(...validateBackend(path.backend, `${field}.backend`));
  return errors;
}

function validateHost(host: string, field: string): FieldError[] {
  if (isIP(host) !== 0) return [invalid(field, host, 'must be a DNS name, not an IP address')];
  const complaints = host.includes('*') ? wildcardSubdomain(host) : dnsSubdomain(host);
  return complaints.map(message => invalid(field, host, message));
}

function validateIngress(ingress: Ingress): FieldError[] {
  const spec = ingress.spec ?? {};
  const errors: FieldError[] = [];
  if (!spec.rules?.length && !spec.defaultBackend) {
    errors.push(invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'));
  }
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'));
  for (const [index, rule] of (spec.rules ?? []).entries()) {
    const field = `spec.rules[${index}]`;
    if (rule.host) errors.push(...validateHost(rule.host, `${field}.host`));
    if (!rule.http) continue;
    if (!rule.http.paths?.length) errors.push(required(`${field}.http.paths`));
    for (const [at, path] of (rule.http.paths ?? []).entries()) errors.push(...validatePath(path, `${field}.http.paths[${at}]`));
  }
  for (const [index, tls] of (spec.tls ?? []).entries()) {
    for (const [at, host] of (tls.hosts ?? []).entries()) {
      const complaints = host.includes('*') ? wildcardSubdomain(host) : dnsSubdomain(host);
      errors.push(...complaints.map(message => invalid(`spec.tls[${index}].hosts[${at}]`, host, message)));
    }
    const secret = tls.secretName;
    if (secret) errors.push(...dnsSubdomain(secret).map(message => invalid(`spec.tls[${index}].secretName`, secret, message)));
  }
  const className = spec.ingressClassName;
  if (className !== undefined)
    errors.push(...dnsSubdomain(className).map(message => invalid('spec.ingressClassName', className, message)));
  return errors;
}

const legacyClass = (ingress: Ingress): string | undefined => ingress.metadata?.annotations?.[CLASS_ANNOTATION];

/** The rule that holds for new ingresses alone: annotation and field may not disagree. */
function validateNewIngress(ingress: Ingress): FieldError[] {
  const legacy = legacyClass(ingress);
  const errors: FieldError[] = [];
  if (legacy !== undefined && ingress.spec?.ingressClassName !== undefined && legacy !== ingress.spec.ingressClassName) {
    errors.push(invalid(`annotations.${CLASS_ANNOTATION}`, legacy, 'must match `ingressClassName` when both are specified'));
  }
  return errors;
}

function hostsText(ingress: Ingress): string {
  const hosts = (ingress.spec?.rules ?? []).map(({ host }) => host || '*');
  if (hosts.length === 0) return '*';
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',');
}

export const ingressRules: KindRules = rulesFor<Ingress>({
  generationFields: ['spec'],
  initialStatus: () => ({ loadBalancer: {} }),
  // Only a new ingress is held to one way of naming its class.
  validate: ingress => [...validateNewIngress(ingress), ...validateIngress(ingress)],
  validateUpdate: validateIngress,
  warnings: obj =>
    legacyClass(obj) === undefined
      ? []
      : [`annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`],
  cells: (obj, now) => [
    nameOf(obj),
    obj.spec?.ingressClassName || legacyClass(obj) || NONE,
    hostsText(obj),
    loadBalancerAddresses(obj.status?.loadBalancer?.ingress).join(','),
    obj.spec?.tls?.length ? '80, 443' : '80',
    age(obj, now),
  ],
});

type IngressClass = Loose<V1IngressClass>;

export const ingressClassRules: KindRules = rulesFor<IngressClass>({
  defaults(one) {
    if (one.spec?.parameters) setDefault(one.spec.parameters, 'scope', 'Cluster');
  },
  generationFields: ['spec'],
  validate(one) {
    const spec = ensure({ ...one }, 'spec');
    const errors: FieldError[] = [];
    const controller = spec.controller ?? '';
    if (controller.length > 250)
      errors.push({ type: 'Too long', field: 'spec.controller', detail: 'may not be more than 250 bytes' });
    if (!/^[^/]+\/.+$/.test(controller) && controller)
      errors.push(invalid('spec.controller', controller, 'must be a domain-prefixed path (such as "acme.io/foo")'));
    if (!controller) errors.push(required('spec.controller'));
    const parameters = spec.parameters;
    if (parameters) {
      if (!parameters.kind) errors.push(required('spec.parameters.kind', 'kind is required'));
      if (!parameters.name) errors.push(required('spec.parameters.name', 'name is required'));
      if (parameters.scope !== 'Cluster' && parameters.scope !== 'Namespace')
        errors.push(unsupported('spec.parameters.scope', parameters.scope ?? '', ['Cluster', 'Namespace']));
      if (parameters.scope === 'Namespace' && !parameters.namespace)
        errors.push(required('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'"));
      if (parameters.scope === 'Cluster' && parameters.namespace !== undefined) {
        errors.push(forbidden('spec.parameters.namespace', "`parameters.scope` is set to 'Cluster'"));
      }
    }
    return errors;
  },
  validateChange: (next, previous) =>
    sameValue(next.spec?.controller, previous.spec?.controller)
      ? []
      : [invalid('spec.controller', next.spec?.controller ?? '', IMMUTABLE)],
  cells(obj, now) {
    const parameters = obj.spec?.parameters;
    const group = parameters?.apiGroup ? `.${parameters.apiGroup}` : '';
    return [
      nameOf(obj),
      obj.spec?.controller ?? '',
      parameters ? `${parameters.kind}${group}/${parameters.name}` : NONE,
      age(obj, now),
    ];
  },
});
