// A pod's volumes as folders on this host, brought up to date while the pod runs.
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readlink, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import { fieldValue, type PodFacts, resourceValue } from './field-values.ts';
import { contentsOf, type DataKind, type ObjectReader } from './object-reader.ts';
import type { DownwardItem, KeyToPath, Pod, Projection, Volume } from './pod-types.ts';

/** A volume that cannot be mounted now: the pod waits and tries again. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

interface VolumeFile {
  path: string;
  content: Buffer;
  mode: number;
}

export interface VolumeContext {
  pod: Pod;
  facts: PodFacts;
  folder: string;
  objects: ObjectReader;
  client: KubeClient;
  rootCa: string;
}

const TOKEN_SECONDS = 3_607;
const PROJECTED = ['configMap', 'secret', 'downwardAPI', 'projected'] as const;

/** The host's path of a volume, made and filled. @throws VolumeError */
export async function prepareVolume(volume: Volume, context: VolumeContext): Promise<string> {
  const folder = join(context.folder, volume.name);
  if (volume.emptyDir) {
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o777);
    return folder;
  }
  if (volume.hostPath) return hostFolder(volume.hostPath);
  const sources = sourcesOf(volume);
  if (!sources) {
    const kind = Object.keys(volume).find(key => key !== 'name') ?? 'unknown';
    throw new VolumeError(`volume "${volume.name}" is of type ${kind}, which this node does not have`);
  }
  await writeVersion(folder, await collectFiles(sources, context));
  return folder;
}

/** Writes the volume again when its content is another. Errors leave the old content. */
export async function refreshVolume(volume: Volume, context: VolumeContext): Promise<void> {
  const sources = sourcesOf(volume);
  if (sources) await writeVersion(join(context.folder, volume.name), await collectFiles(sources, context));
}

/** The objects whose changes show in the volume. */
export function watchedObjects(volume: Volume): { kind: DataKind; name: string }[] {
  return (sourcesOf(volume)?.sources ?? []).flatMap(({ configMap, secret }): { kind: DataKind; name: string }[] => [
    ...(configMap ? [{ kind: 'ConfigMap' as const, name: configMap.name }] : []),
    ...(secret ? [{ kind: 'Secret' as const, name: secret.name }] : []),
  ]);
}

export function hasToken(volume: Volume): boolean {
  return (volume.projected?.sources ?? []).some(source => source.serviceAccountToken);
}

export function isLive(volume: Volume): boolean {
  return PROJECTED.some(kind => volume[kind]);
}

async function hostFolder({ path, type = '' }: { path: string; type?: string }): Promise<string> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true });
  if (type === 'FileOrCreate') await writeFile(path, '', { flag: 'a' });
  const found = await stat(path).catch(() => undefined);
  if (!found) throw new VolumeError(`hostPath type check failed: ${path} is not a ${type === 'File' ? 'file' : 'directory'}`);
  if (type.startsWith('Directory') && !found.isDirectory())
    throw new VolumeError(`hostPath type check failed: ${path} is not a directory`);
  return path;
}

function sourcesOf({ configMap, secret, downwardAPI, projected }: Volume): { sources: Projection[]; mode: number } | undefined {
  if (configMap) return { sources: [{ configMap }], mode: configMap.defaultMode ?? 0o644 };
  if (secret) {
    const { secretName: name, items, optional } = secret;
    return {
      sources: [{ secret: { name, ...(items ? { items } : {}), ...(optional ? { optional } : {}) } }],
      mode: secret.defaultMode ?? 0o644,
    };
  }
  if (downwardAPI) return { sources: [{ downwardAPI }], mode: downwardAPI.defaultMode ?? 0o644 };
  if (projected) return { sources: projected.sources ?? [], mode: projected.defaultMode ?? 0o644 };
  return undefined;
}

async function collectFiles(
  { sources, mode }: { sources: Projection[]; mode: number },
  context: VolumeContext,
): Promise<VolumeFile[]> {
  const files: VolumeFile[] = [];
  for (const { configMap, secret, downwardAPI, serviceAccountToken } of sources) {
    if (configMap) files.push(...(await dataFiles('ConfigMap', configMap, { mode, context })));
    if (secret) files.push(...(await dataFiles('Secret', secret, { mode, context })));
    for (const item of downwardAPI?.items ?? []) files.push(downwardFile(item, { mode, context }));
    if (serviceAccountToken) {
      const { path, audience, expirationSeconds = TOKEN_SECONDS } = serviceAccountToken;
      files.push({ path, content: Buffer.from(await requestToken(context, audience, expirationSeconds)), mode });
    }
  }
  for (const { path } of files) {
    if (path === '' || path.startsWith('/') || posix.normalize(path).startsWith('..'))
      throw new VolumeError(`the path "${path}" leaves its volume`);
  }
  return files;
}

async function dataFiles(
  kind: DataKind,
  source: { name: string; items?: KeyToPath[]; optional?: boolean },
  { mode, context }: { mode: number; context: VolumeContext },
): Promise<VolumeFile[]> {
  const namespace = context.pod.metadata.namespace ?? '';
  const object = await context.objects.get(kind, namespace, source.name);
  if (!object) {
    if (source.optional) return [];
    // Every namespace has this one from the root CA controller; the node knows its content before that has run.
    if (kind === 'ConfigMap' && source.name === 'kube-root-ca.crt')
      return [{ path: 'ca.crt', content: Buffer.from(context.rootCa), mode }];
    throw new VolumeError(`${kind.toLowerCase()} "${source.name}" not found`);
  }
  const contents = contentsOf(object);
  if (!source.items) return [...contents].map(([path, content]) => ({ path, content, mode }));
  return source.items.flatMap(item => {
    const content = contents.get(item.key);
    if (content) return [{ path: item.path, content, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new VolumeError(`references non-existent ${kind === 'Secret' ? 'secret' : 'config'} key: ${item.key}`);
  });
}

function downwardFile(
  { path, mode: own, fieldRef, resourceFieldRef }: DownwardItem,
  { mode, context }: { mode: number; context: VolumeContext },
): VolumeFile {
  const { pod, facts } = context;
  let value: string | undefined;
  if (fieldRef) value = fieldValue(pod, fieldRef.fieldPath, facts);
  else if (resourceFieldRef) {
    const container = pod.spec.containers.find(({ name }) => name === resourceFieldRef.containerName);
    value = container && resourceValue(container, resourceFieldRef);
  }
  if (value === undefined) throw new VolumeError(`the downward API item "${path}" names nothing that is known`);
  return { path, content: Buffer.from(value), mode: own ?? mode };
}

async function requestToken(
  { client, pod }: VolumeContext,
  audience: string | undefined,
  expirationSeconds: number,
): Promise<string> {
  const { namespace = '', name, uid } = pod.metadata;
  const account = pod.spec.serviceAccountName || 'default';
  const request: KubeObject = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: {
      audiences: audience ? [audience] : [],
      expirationSeconds,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
    },
  };
  const answer = await client.raw<{ status?: { token?: string } }>(
    'POST',
    `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(account)}/token`,
    { body: request },
  );
  if (!answer.status?.token) throw new VolumeError(`no token was issued for service account ${account}`);
  return answer.status.token;
}

/** All files change at once: a new folder, then `..data` points to it, as the kubelet's atomic writer does. */
async function writeVersion(folder: string, files: VolumeFile[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const before = await readlink(join(folder, '..data')).catch(() => undefined);
  const version = `..${new Date().toISOString().replaceAll(/[-:T]/g, '_').slice(0, 19)}.${randomBytes(4).toString('hex')}`;
  for (const { path, content, mode } of files) {
    const target = join(folder, version, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content, { mode: 0o600 });
    await chmod(target, mode);
  }
  await mkdir(join(folder, version), { recursive: true });
  await symlink(version, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  const names = new Set(files.map(({ path }) => posix.normalize(path).split('/')[0] ?? ''));
  for (const name of await readdir(folder))
    if (!name.startsWith('..') && !names.has(name)) await rm(join(folder, name), { force: true });
  for (const name of names) {
    await symlink(join('..data', name), join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  if (before) await rm(join(folder, before), { recursive: true, force: true });
}
