// Validation of containers, init containers and ephemeral containers.
import type { FieldError } from '../../schema/index.ts';
import { duplicate, forbidden, invalid, notFound, required, unsupported } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain, environmentName, portName, portNumber } from '../meta/names.ts';
import type { Container, ContainerPort, PodSpec } from './types.ts';
import { validateProbes } from './validate-probes.ts';
import { validateResizePolicy, validateResources } from './validate-resources.ts';
import { validateContainerSecurity } from './validate-security.ts';
import { validateMounts } from './validate-volumes.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const ENV_RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

function validatePorts(ports: ContainerPort[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of (ports ?? []).entries()) {
    const at = `${field}[${index}]`;
    if (port.name) {
      const complaints = portName(port.name);
      errors.push(...complaints.map(message => invalid(`${at}.name`, port.name, message)));
      if (complaints.length === 0) {
        if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
        names.add(port.name);
      }
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else
      errors.push(...portNumber(port.containerPort).map(message => invalid(`${at}.containerPort`, port.containerPort, message)));
    if (port.hostPort)
      errors.push(...portNumber(port.hostPort).map(message => invalid(`${at}.hostPort`, port.hostPort, message)));
    if (!port.protocol) errors.push(required(`${at}.protocol`));
    else if (!PROTOCOLS.includes(port.protocol)) errors.push(unsupported(`${at}.protocol`, port.protocol, PROTOCOLS));
  }
  return errors;
}

type EnvVar = NonNullable<Container['env']>[number];

function validateValueFrom(env: EnvVar, field: string): FieldError[] {
  const source = env.valueFrom;
  if (!source) return [];
  const errors: FieldError[] = [];
  let count = 0;
  if (source.fieldRef) {
    count += 1;
    const path = source.fieldRef.fieldPath ?? '';
    const at = `${field}.fieldRef`;
    if (!source.fieldRef.apiVersion) errors.push(required(`${at}.apiVersion`));
    else if (!path) errors.push(required(`${at}.fieldPath`));
    else if (!/^metadata\.(annotations|labels)\['.+'\]$/.test(path) && !ENV_FIELDS.includes(path)) {
      if (/^metadata\.(annotations|labels)$/.test(path)) errors.push(unsupported(`${at}.fieldPath`, path, ENV_FIELDS));
      else if (!/^(metadata|spec|status)\./.test(path))
        errors.push(invalid(`${at}.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`));
      else errors.push(invalid(`${at}.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`));
    }
  }
  if (source.resourceFieldRef) {
    count += 1;
    const resource = source.resourceFieldRef.resource ?? '';
    if (!resource) errors.push(required(`${field}.resourceFieldRef.resource`));
    else if (!ENV_RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
      errors.push(unsupported(`${field}.resourceFieldRef.resource`, resource, ENV_RESOURCES));
    }
  }
  for (const name of ['configMapKeyRef', 'secretKeyRef'] as const) {
    const reference = source[name];
    if (!reference) continue;
    count += 1;
    errors.push(
      ...dnsSubdomain(reference.name ?? '').map(message => invalid(`${field}.${name}.name`, reference.name ?? '', message)),
    );
    if (!reference.key) errors.push(required(`${field}.${name}.key`));
    else if (!/^[-._a-zA-Z0-9]+$/.test(reference.key)) {
      const message =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
      errors.push(invalid(`${field}.${name}.key`, reference.key, message));
    }
  }
  if (count === 0) {
    errors.push(invalid(field, '', 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'));
  } else if (env.value) errors.push(invalid(field, '', 'may not be specified when `value` is not empty'));
  else if (count > 1) errors.push(invalid(field, '', 'may not have more than one field specified at a time'));
  return errors;
}

function validateEnv(container: Container, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, env] of (container.env ?? []).entries()) {
    const at = `${field}.env[${index}]`;
    if (!env.name) errors.push(required(`${at}.name`));
    else errors.push(...environmentName(env.name).map(message => invalid(`${at}.name`, env.name, message)));
    errors.push(...validateValueFrom(env, `${at}.valueFrom`));
  }
  for (const [index, from] of (container.envFrom ?? []).entries()) {
    const at = `${field}.envFrom[${index}]`;
    const prefix = from.prefix;
    if (prefix) errors.push(...environmentName(prefix).map(message => invalid(`${at}.prefix`, prefix, message)));
    const given = (['configMapRef', 'secretRef'] as const).filter(name => from[name]);
    for (const name of given) {
      const target = from[name]?.name;
      if (!target) errors.push(required(`${at}.${name}.name`));
      else errors.push(...dnsSubdomain(target).map(message => invalid(`${at}.${name}.name`, target, message)));
    }
    if (given.length === 0) errors.push(invalid(`${field}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`'));
    else if (given.length > 1)
      errors.push(invalid(`${field}.envFrom`, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

interface Surroundings {
  volumes: ReadonlySet<string>;
  /** The path of the container. */
  field: string;
}

/** What all sorts of containers share, in the real server's order. */
function validateCommon(container: Container, { volumes, field }: Surroundings): FieldError[] {
  const errors: FieldError[] = [];
  const name = container.name ?? '';
  if (!name) errors.push(required(`${field}.name`));
  else errors.push(...dnsLabel(name).map(message => invalid(`${field}.name`, name, message)));
  const image = container.image ?? '';
  if (!image) errors.push(required(`${field}.image`));
  else if (image.trim() !== image) errors.push(invalid(`${field}.image`, image, 'must not have leading or trailing whitespace'));
  if (container.terminationMessagePolicy && !['File', 'FallbackToLogsOnError'].includes(container.terminationMessagePolicy)) {
    errors.push(
      unsupported(`${field}.terminationMessagePolicy`, container.terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    );
  }
  errors.push(...validatePorts(container.ports, `${field}.ports`));
  errors.push(...validateEnv(container, field));
  errors.push(...validateMounts(container.volumeMounts, volumes, `${field}.volumeMounts`));
  const pull = container.imagePullPolicy;
  if (!pull) errors.push(required(`${field}.imagePullPolicy`));
  else if (!PULL_POLICIES.includes(pull)) errors.push(unsupported(`${field}.imagePullPolicy`, pull, PULL_POLICIES));
  errors.push(...validateResources(container.resources, `${field}.resources`));
  errors.push(...validateResizePolicy(container, field));
  errors.push(...validateContainerSecurity(container.securityContext, `${field}.securityContext`));
  return errors;
}

/** Two containers of a pod that want the same port of the host. */
function validateHostPorts(containers: Container[], field: string): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [index, container] of containers.entries()) {
    for (const [at, port] of (container.ports ?? []).entries()) {
      if (!port.hostPort) continue;
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${field}[${index}].ports[${at}].hostPort`, key));
      taken.add(key);
    }
  }
  return errors;
}

export function validateContainers(spec: PodSpec, volumes: ReadonlySet<string>, field: string): FieldError[] {
  const containers = (spec.containers ?? []) as Container[];
  if (containers.length === 0) return [required(field)];
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, container] of containers.entries()) {
    const at = `${field}[${index}]`;
    errors.push(...validateCommon(container, { volumes, field: at }));
    if (container.name && names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    if (container.name) names.add(container.name);
    errors.push(...validateProbes(container, at));
  }
  errors.push(...validateHostPorts(containers, field));
  return errors;
}

export function validateInitContainers(spec: PodSpec, volumes: ReadonlySet<string>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set((spec.containers ?? []).map(container => container.name));
  for (const [index, container] of ((spec.initContainers ?? []) as Container[]).entries()) {
    const at = `${field}[${index}]`;
    errors.push(...validateCommon(container, { volumes, field: at }));
    const restartable = container.restartPolicy === 'Always';
    if (container.restartPolicy && !restartable)
      errors.push(unsupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    if (restartable) errors.push(...validateProbes(container, at));
    else {
      for (const key of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
        if (container[key])
          errors.push(forbidden(`${at}.${key}`, 'may not be set for init containers without restartPolicy=Always'));
      }
    }
    errors.push(...validateHostPorts([container], field));
  }
  return errors;
}

const NOT_EPHEMERAL = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resizePolicy'] as const;

export function validateEphemeralContainers(spec: PodSpec, volumes: ReadonlySet<string>, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const ordinary = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(container => container.name);
  const names = new Set(ordinary);
  for (const [index, container] of ((spec.ephemeralContainers ?? []) as Container[]).entries()) {
    const at = `${field}[${index}]`;
    errors.push(...validateCommon(container, { volumes, field: at }));
    if (container.targetContainerName && !ordinary.includes(container.targetContainerName)) {
      errors.push(notFound(`${at}.targetContainerName`, container.targetContainerName));
    }
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
    names.add(container.name);
    for (const key of NOT_EPHEMERAL) {
      const value = container[key];
      if (Array.isArray(value) ? value.length > 0 : value)
        errors.push(forbidden(`${at}.${key}`, 'cannot be set for an Ephemeral Container'));
    }
    const { limits, requests } = container.resources ?? {};
    if (limits || requests) errors.push(forbidden(`${at}.resources`, 'cannot be set for an Ephemeral Container'));
  }
  return errors;
}
