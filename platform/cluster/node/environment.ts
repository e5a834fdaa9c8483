// The environment of a container: the image's, services', its own, with references resolved as a kubelet resolves them.
import type { KubeObject } from '../../kube/index.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-values.ts';
import { contentsOf, type DataKind, type ObjectReader } from './object-reader.ts';
import type { Container, EnvVar, Pod } from './pod-types.ts';

/** A reference that cannot be resolved now: the container waits with CreateContainerConfigError. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

export interface ServiceLike extends KubeObject {
  spec: { clusterIP?: string; ports?: { name?: string; port: number; protocol?: string }[] };
}

interface EnvironmentInput {
  pod: Pod;
  container: Container;
  imageEnv: readonly string[];
  facts: PodFacts;
  services: readonly ServiceLike[];
  objects: ObjectReader;
}

/** `$(NAME)` by what is known so far; `$$` stands for `$`; unknown names stay as they are. */
export function expandReferences(text: string, known: Readonly<Record<string, string>>): string {
  return text.replace(/\$(\$|\(([^)]*)\))/g, (whole, escaped: string, name: string | undefined) => {
    if (escaped === '$') return '$';
    return name !== undefined && Object.hasOwn(known, name) ? (known[name] ?? '') : whole;
  });
}

/** REDIS_SERVICE_HOST, REDIS_SERVICE_PORT and Docker's link variables. */
export function serviceVariables(services: readonly ServiceLike[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { metadata, spec } of services) {
    const { clusterIP, ports = [] } = spec;
    const first = ports[0];
    if (!clusterIP || clusterIP === 'None' || !first) continue;
    const prefix = (metadata.name ?? '').toUpperCase().replaceAll('-', '_');
    variables[`${prefix}_SERVICE_HOST`] = clusterIP;
    variables[`${prefix}_SERVICE_PORT`] = String(first.port);
    variables[`${prefix}_PORT`] = `${(first.protocol ?? 'TCP').toLowerCase()}://${clusterIP}:${first.port}`;
    for (const { name, port, protocol = 'TCP' } of ports) {
      if (name) variables[`${prefix}_SERVICE_PORT_${name.toUpperCase().replaceAll('-', '_')}`] = String(port);
      const link = `${prefix}_PORT_${port}_${protocol}`;
      variables[link] = `${protocol.toLowerCase()}://${clusterIP}:${port}`;
      variables[`${link}_PROTO`] = protocol.toLowerCase();
      variables[`${link}_PORT`] = String(port);
      variables[`${link}_ADDR`] = clusterIP;
    }
  }
  return variables;
}

/** @throws ContainerConfigError */
export async function buildEnvironment(input: EnvironmentInput): Promise<Record<string, string>> {
  const { pod, container, imageEnv, services, objects } = input;
  const namespace = pod.metadata.namespace ?? '';
  const image = Object.fromEntries(imageEnv.map(entry => splitOnce(entry)));
  const service = serviceVariables(services);
  const own: Record<string, string> = {};
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const reference = configMapRef ?? secretRef;
    if (!reference) continue;
    const kind: DataKind = configMapRef ? 'ConfigMap' : 'Secret';
    const object = await objects.get(kind, namespace, reference.name);
    if (!object && !reference.optional) throw new ContainerConfigError(`${kind.toLowerCase()} "${reference.name}" not found`);
    if (object) for (const [key, value] of contentsOf(object)) own[prefix + key] = value.toString('utf8');
  }
  for (const variable of container.env ?? []) {
    const value = await resolveVariable(variable, input, { ...service, ...own });
    if (value !== undefined) own[variable.name] = value;
  }
  return { ...image, ...service, ...own };
}

function splitOnce(entry: string): [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

async function resolveVariable(
  { name, value, valueFrom }: EnvVar,
  input: EnvironmentInput,
  known: Record<string, string>,
): Promise<string | undefined> {
  if (!valueFrom) return expandReferences(value ?? '', known);
  const { pod, container, facts, objects } = input;
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) {
    const found = fieldValue(pod, fieldRef.fieldPath, facts);
    if (found === undefined) throw new ContainerConfigError(`unsupported fieldPath: ${fieldRef.fieldPath} of variable ${name}`);
    return found;
  }
  if (resourceFieldRef) {
    const named = resourceFieldRef.containerName;
    const source = named
      ? [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(candidate => candidate.name === named)
      : container;
    if (!source) throw new ContainerConfigError(`container ${named} not found`);
    return resourceValue(source, resourceFieldRef);
  }
  const reference = configMapKeyRef ?? secretKeyRef;
  if (!reference) return '';
  const kind: DataKind = configMapKeyRef ? 'ConfigMap' : 'Secret';
  const object = await objects.get(kind, pod.metadata.namespace ?? '', reference.name);
  if (!object) {
    if (reference.optional) return undefined;
    throw new ContainerConfigError(`${kind.toLowerCase()} "${reference.name}" not found`);
  }
  const found = contentsOf(object).get(reference.key);
  if (found) return found.toString('utf8');
  if (reference.optional) return undefined;
  throw new ContainerConfigError(`couldn't find key ${reference.key} in ${kind} ${pod.metadata.namespace}/${reference.name}`);
}
