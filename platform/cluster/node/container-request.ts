// Turns a container of a pod and its image into what a runtime starts.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { buildEnvironment, ContainerConfigError, expandReferences, type ServiceLike } from './environment.ts';
import type { PodFacts } from './field-values.ts';
import type { LocalImage } from './images/index.ts';
import type { NodeServices } from './node-services.ts';
import type { Container, Pod } from './pod-types.ts';
import type { ContainerMount, ContainerRequest } from './runtime/index.ts';

export interface ContainerPlace {
  pod: Pod;
  container: Container;
  facts: PodFacts;
  /** Host paths of the pod's volumes. */
  volumes: ReadonlyMap<string, string>;
  /** A fresh folder for this run of the container. */
  folder: string;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The name that a pod's processes see as their host. */
export function podHostname({ metadata, spec }: Pod): string {
  return (spec.hostname ?? metadata.name ?? '').slice(0, 63).replace(/[-.]+$/, '');
}

export function terminationLogPath(folder: string): string {
  return join(folder, 'termination-log');
}

export function commandOf(container: Container, image: LocalImage): string[] {
  const command = container.command ?? image.entrypoint;
  const args = container.args ?? (container.command ? [] : image.cmd);
  return [...command, ...args];
}

/** @throws ContainerConfigError */
export async function containerRequest(
  services: NodeServices,
  place: ContainerPlace,
  image: LocalImage,
): Promise<ContainerRequest> {
  const { network } = services;
  const { pod, container, facts, folder } = place;
  checkUser(pod, container, image);
  const env = await buildEnvironment({
    pod,
    container,
    imageEnv: image.env,
    facts,
    services: await linkedServices(services, pod),
    objects: services.objects,
  });
  env['PATH'] ??= DEFAULT_PATH;
  env['HOME'] ??= '/root';
  const [name, value] = services.marker.split('=') as [string, string];
  env[name] = value;
  env['DARUMA_POD_UID'] = pod.metadata.uid ?? '';
  const command = commandOf(container, image).map(part => expandReferences(part, env));
  if (command.length === 0) throw new ContainerConfigError('no command specified');
  await mkdir(folder, { recursive: true });
  await writeFile(terminationLogPath(folder), '');
  const hostname = podHostname(pod);
  return {
    image,
    folder: join(folder, 'container'),
    command,
    env,
    networkEnv: shimPath => {
      const asked = env['NODE_OPTIONS'];
      const options = { address: facts.podIP, namespace: pod.metadata.namespace ?? '', hostname, shimPath };
      return pod.spec.hostNetwork
        ? { HOSTNAME: hostname }
        : network.podEnvironment({ ...options, ...(asked ? { nodeOptions: asked } : {}) });
    },
    shimPath: services.shimPath,
    workingDir: container.workingDir || image.workingDir || '/',
    hostname,
    mounts: [
      ...(await mountsOf(place, env)),
      {
        hostPath: terminationLogPath(folder),
        containerPath: container.terminationMessagePath || '/dev/termination-log',
        readOnly: false,
      },
    ],
    files: await systemFiles(pod, image, { hostname, address: facts.podIP }),
    stdin: container.stdin === true,
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem === true,
  };
}

async function linkedServices({ client }: NodeServices, pod: Pod): Promise<ServiceLike[]> {
  const namespace = pod.metadata.namespace ?? '';
  const own =
    pod.spec.enableServiceLinks === false
      ? []
      : (await client.list<ServiceLike>({ apiVersion: 'v1', kind: 'Service' }, { namespace })).items;
  if (own.some(({ metadata }) => metadata.name === 'kubernetes')) return own;
  const api = await client.get<ServiceLike>({ apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'kubernetes' });
  return api ? [...own, api] : own;
}

function checkUser(pod: Pod, container: Container, image: LocalImage): void {
  if (!(container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot)) return;
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
  if (user === 0) throw new ContainerConfigError("container's runAsUser breaks non-root policy");
  if (user !== undefined) return;
  const imageUser = image.user.split(':')[0] ?? '';
  if (imageUser === '' || imageUser === '0' || imageUser === 'root')
    throw new ContainerConfigError('container has runAsNonRoot and image will run as root');
  if (!/^\d+$/.test(imageUser)) {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${imageUser}), cannot verify user is non-root`,
    );
  }
}

async function mountsOf({ container, volumes }: ContainerPlace, env: Record<string, string>): Promise<ContainerMount[]> {
  const mounts: ContainerMount[] = [];
  for (const { name, mountPath, readOnly = false, subPath, subPathExpr } of container.volumeMounts ?? []) {
    const volume = volumes.get(name);
    if (volume === undefined) throw new ContainerConfigError(`volume "${name}" is not there`);
    const part = subPathExpr ? expandReferences(subPathExpr, env) : subPath;
    if (part && (part.startsWith('/') || posix.normalize(part).split('/').includes('..'))) {
      throw new ContainerConfigError(`failed to prepare subPath for volumeMount "${name}" of container "${container.name}"`);
    }
    const hostPath = part ? join(volume, part) : volume;
    if (part && !(await stat(hostPath).catch(() => undefined))) await mkdir(hostPath, { recursive: true });
    mounts.push({ hostPath, containerPath: posix.normalize(mountPath).replace(/(.)\/$/, '$1'), readOnly });
  }
  return mounts;
}

async function systemFiles(
  pod: Pod,
  image: LocalImage,
  { hostname, address }: { hostname: string; address: string },
): Promise<Record<string, string>> {
  const aliases = (pod.spec.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join('\t')}\n`).join('');
  const files: Record<string, string> = {
    '/etc/hosts': `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${address}\t${hostname}\n${aliases}`,
    '/etc/hostname': `${hostname}\n`,
    // Names outside the cluster are the host's matter; names inside are answered by the shim.
    '/etc/resolv.conf': await readFile('/etc/resolv.conf', 'utf8').catch(() => ''),
  };
  if (!(await stat(join(image.rootfs, 'etc/passwd')).catch(() => undefined))) {
    files['/etc/passwd'] = 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n';
    files['/etc/group'] = 'root:x:0:\nnogroup:x:65534:\n';
  }
  return files;
}
