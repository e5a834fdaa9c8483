// Builds an OCI image without a daemon: the layers of a base, one layer of the application, a configuration, a manifest.
import { createHash } from 'node:crypto';
import { type LayerEntry, writeLayer } from './layer-tar.ts';
import type { BaseImage, BuildImageOptions, BuiltImage, Descriptor, ImageConfig, ImageManifest, LayerContent } from './types.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';

/**
 * Bit for bit the same for the same files, base, configuration, labels and time, on every machine and Node. An image whose
 * `files` are none is the base with another configuration. @throws INVALID_INPUT for a path that leaves the image
 */
export async function buildImage({ files, base, config = {}, labels = {}, created }: BuildImageOptions): Promise<BuiltImage> {
  const layers = [...base.layers];
  const diffIds = [...base.diffIds];
  if (files.size > 0) {
    const entries = new Map<string, LayerEntry>();
    for (const [path, { content, mode = 0o644 }] of files) {
      entries.set(path, { kind: 'file', mode, content: typeof content === 'string' ? Buffer.from(content) : content });
    }
    const layer = await layerInMemory(entries, created);
    layers.push(layer);
    diffIds.push(layer.descriptor.digest);
  }
  const allLabels = sorted({ ...base.labels, ...labels, 'org.opencontainers.image.created': timestamp(created) });
  const configBytes = encode({
    architecture: base.architecture,
    config: encodeConfig(mergeConfig(base.config, config), allLabels),
    created: timestamp(created),
    os: base.os,
    rootfs: { diff_ids: diffIds, type: 'layers' },
  });
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, digest: sha256(configBytes), size: configBytes.length },
    layers: layers.map(layer => layer.descriptor),
    annotations: Object.fromEntries(Object.entries(allLabels).filter(([key]) => key.startsWith('org.opencontainers.image.'))),
  };
  const manifestBytes = encode(manifest);
  return { digest: sha256(manifestBytes), manifest, manifestBytes, configBytes, layers };
}

/** A layer of a few files. */
export async function layerInMemory(entries: ReadonlyMap<string, LayerEntry>, modified: Date): Promise<LayerContent> {
  const chunks: Uint8Array[] = [];
  const descriptor: Descriptor = await writeLayer(entries, { modified, write: chunk => void chunks.push(chunk) });
  return { descriptor, bytes: Buffer.concat(chunks) };
}

/** As a Dockerfile's instructions over those of its FROM: a new entrypoint drops the command of the base. */
function mergeConfig(base: BaseImage['config'], own: ImageConfig): ImageConfig {
  return {
    entrypoint: own.entrypoint ?? base.entrypoint,
    cmd: own.cmd ?? (own.entrypoint ? undefined : base.cmd),
    env: { ...base.env, ...own.env },
    workdir: own.workdir ?? base.workdir,
    user: own.user ?? base.user,
    exposedPorts: [...(base.exposedPorts ?? []), ...(own.exposedPorts ?? [])],
  };
}

function encodeConfig(
  { entrypoint, cmd, env = {}, workdir, user, exposedPorts = [] }: ImageConfig,
  labels: Record<string, string>,
) {
  const ports = exposedPorts.map(port => (port.includes('/') ? port : `${port}/tcp`));
  return {
    ...(cmd ? { Cmd: cmd } : {}),
    ...(entrypoint ? { Entrypoint: entrypoint } : {}),
    Env: Object.entries(sorted(env)).map(([name, value]) => `${name}=${value}`),
    ...(ports.length > 0 ? { ExposedPorts: Object.fromEntries(ports.sort().map(port => [port, {}])) } : {}),
    Labels: labels,
    ...(user ? { User: user } : {}),
    ...(workdir ? { WorkingDir: workdir } : {}),
  };
}

function sorted(record: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** RFC 3339 in whole seconds, as Git knows time. */
function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
