// Images on this node: blobs by digest, one unpacked root file system for each image, pulled once however many pods ask.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError, messageOf, readFileIfExists, writeFileAtomic } from '../../../core/index.ts';
import type { ImageReference } from './image-reference.ts';
import { type Descriptor, type Manifest, type RegistryClient, sha256 } from './registry-client.ts';
import { unpackLayer } from './unpack-layer.ts';

/** The part of an OCI image configuration that a container starts with. */
interface ImageConfig {
  os?: string;
  architecture?: string;
  config?: {
    Entrypoint?: string[] | null;
    Cmd?: string[] | null;
    Env?: string[] | null;
    WorkingDir?: string;
    User?: string;
    Labels?: Record<string, string> | null;
    StopSignal?: string;
  };
}

export interface LocalImage {
  /** sha256:… of the manifest. */
  digest: string;
  /** sha256:… of the configuration, which Kubernetes calls the image's id. */
  id: string;
  /** `registry/repository@digest` */
  repoDigest: string;
  /** Shared by all its containers: never written to. */
  rootfs: string;
  os: string;
  architecture: string;
  entrypoint: string[];
  cmd: string[];
  env: string[];
  workingDir: string;
  user: string;
  stopSignal: string;
  /** The image holds no Node of its own and expects the host's. */
  hostNode: boolean;
  sizeBytes: number;
}

interface NameRecord {
  digest: string;
  repository: string;
}

/** Images that no pod uses are removed beyond this number, the longest unused first. */
const KEPT_IMAGES = 40;

export class ImageStore {
  readonly #folder: string;
  readonly #registry: RegistryClient | undefined;
  readonly #pulls = new Map<string, Promise<LocalImage>>();
  readonly #blobs = new Map<string, Promise<void>>();
  #collecting: Promise<void> = Promise.resolve();

  constructor(folder: string, registry: RegistryClient | undefined) {
    this.#folder = folder;
    this.#registry = registry;
  }

  /** The image as it was pulled last under this name, if it is still here. */
  async find(reference: ImageReference): Promise<LocalImage | undefined> {
    const digest = reference.digest ?? (await this.#tagged(reference))?.digest;
    return digest ? this.#load(digest, reference) : undefined;
  }

  /** Fetches what the name means now. Concurrent calls for one name share the work. @throws what the registry client throws */
  pull(reference: ImageReference, { signal }: { signal: AbortSignal }): Promise<LocalImage> {
    const running = this.#pulls.get(reference.name);
    if (running) return running;
    const pull = this.#pull(reference, signal).finally(() => this.#pulls.delete(reference.name));
    this.#pulls.set(reference.name, pull);
    return pull;
  }

  /** Removes images beyond the newest used ones, except those in `used` (manifest digests). */
  collect(used: ReadonlySet<string>): Promise<void> {
    this.#collecting = this.#collecting.then(() => this.#collect(used));
    return this.#collecting;
  }

  async #pull(reference: ImageReference, signal: AbortSignal): Promise<LocalImage> {
    if (!this.#registry?.serves(reference)) {
      throw new DarumaError(
        'NOT_FOUND',
        `failed to pull and unpack image "${reference.name}": failed to resolve reference "${reference.name}": this node pulls from the platform's own registry alone`,
        { hint: 'push the image to the platform registry and name it registry.daruma.internal/…' },
      );
    }
    try {
      const { manifest, digest } = await this.#registry.manifest(reference, signal);
      const present = await this.#load(digest, reference);
      if (!present) await this.#fetch(reference, { manifest, digest, signal });
      const repository = `${reference.registry}/${reference.repository}`;
      await writeFileAtomic(this.#nameFile(reference), JSON.stringify({ name: reference.name, repository, digest }));
      const image = present ?? (await this.#load(digest, reference));
      if (!image) throw new DarumaError('IMAGE_INVALID', `image ${reference.name} vanished while it was unpacked`);
      return image;
    } catch (error) {
      const code = error instanceof DarumaError ? error.code : 'IMAGE_INVALID';
      throw new DarumaError(code, `failed to pull and unpack image "${reference.name}": ${messageOf(error)}`, { cause: error });
    }
  }

  async #fetch(
    reference: ImageReference,
    { manifest, digest, signal }: { manifest: Manifest; digest: string; signal: AbortSignal },
  ) {
    const blobs = join(this.#folder, 'blobs');
    await mkdir(blobs, { recursive: true });
    await mkdir(join(this.#folder, 'rootfs'), { recursive: true });
    await Promise.all([manifest.config, ...manifest.layers].map(blob => this.#ensureBlob(reference, blob, signal)));
    const temporary = join(this.#folder, 'rootfs', `.${randomBytes(6).toString('hex')}.tmp`);
    try {
      await mkdir(join(temporary, 'root'), { recursive: true });
      for (const layer of manifest.layers) await unpackLayer(this.#blobFile(layer.digest), join(temporary, 'root'), { signal });
      const sizeBytes = manifest.layers.reduce((sum, layer) => sum + layer.size, manifest.config.size);
      const config = await readFile(this.#blobFile(manifest.config.digest), 'utf8');
      await writeFileAtomic(join(temporary, 'image.json'), JSON.stringify({ manifest, sizeBytes, config: JSON.parse(config) }));
      await rename(temporary, this.#imageFolder(digest)).catch((error: NodeJS.ErrnoException) => {
        // Another name of the same image came first.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }

  async #ensureBlob(reference: ImageReference, descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    if (!/^sha256:[0-9a-f]{64}$/.test(descriptor.digest)) {
      throw new DarumaError('IMAGE_INVALID', `${reference.name} names a blob by the unsupported digest ${descriptor.digest}`);
    }
    const path = this.#blobFile(descriptor.digest);
    const known = await stat(path).catch(() => undefined);
    if (known?.size === descriptor.size) return;
    let fetching = this.#blobs.get(descriptor.digest);
    if (!fetching) {
      fetching = (this.#registry as RegistryClient)
        .blob(reference, descriptor, { path, signal })
        .finally(() => this.#blobs.delete(descriptor.digest));
      this.#blobs.set(descriptor.digest, fetching);
    }
    await fetching;
  }

  async #load(digest: string, reference: ImageReference): Promise<LocalImage | undefined> {
    const folder = this.#imageFolder(digest);
    const text = await readFileIfExists(join(folder, 'image.json'));
    if (text === undefined) return undefined;
    const { manifest, config, sizeBytes } = JSON.parse(text) as { manifest: Manifest; config: ImageConfig; sizeBytes: number };
    const now = new Date();
    await utimes(join(folder, 'image.json'), now, now).catch(() => {});
    const { Entrypoint, Cmd, Env, WorkingDir, User, Labels, StopSignal } = config.config ?? {};
    return {
      digest,
      id: manifest.config.digest,
      repoDigest: `${reference.registry}/${reference.repository}@${digest}`,
      rootfs: join(folder, 'root'),
      os: config.os ?? 'linux',
      architecture: config.architecture ?? '',
      entrypoint: Entrypoint ?? [],
      cmd: Cmd ?? [],
      env: Env ?? [],
      workingDir: WorkingDir || '/',
      user: User ?? '',
      stopSignal: StopSignal || 'SIGTERM',
      hostNode: Labels?.['dev.daruma.base'] === 'host-node',
      sizeBytes,
    };
  }

  async #tagged(reference: ImageReference): Promise<NameRecord | undefined> {
    const text = await readFileIfExists(this.#nameFile(reference));
    return text === undefined ? undefined : (JSON.parse(text) as NameRecord);
  }

  async #collect(used: ReadonlySet<string>): Promise<void> {
    if (this.#pulls.size > 0) return;
    const root = join(this.#folder, 'rootfs');
    const folders = (await readdir(root).catch(() => [])).filter(name => !name.startsWith('.'));
    if (folders.length <= KEPT_IMAGES) return;
    const aged = await Promise.all(
      folders.map(async name => ({
        name,
        usedAt: (await stat(join(root, name, 'image.json')).catch(() => undefined))?.mtimeMs ?? 0,
      })),
    );
    const kept = new Set<string>();
    for (const { name } of aged.sort((a, b) => b.usedAt - a.usedAt)) {
      if (kept.size < KEPT_IMAGES || used.has(`sha256:${name}`)) kept.add(name);
      else await rm(join(root, name), { recursive: true, force: true });
    }
    const blobs = new Set<string>();
    for (const name of kept) {
      const text = await readFileIfExists(join(root, name, 'image.json'));
      if (text === undefined) continue;
      const { manifest } = JSON.parse(text) as { manifest: Manifest };
      for (const { digest } of [manifest.config, ...manifest.layers]) blobs.add(digest.slice('sha256:'.length));
    }
    for (const blob of await readdir(join(this.#folder, 'blobs')).catch(() => [])) {
      if (!blob.includes('.') && !blobs.has(blob) && !this.#blobs.has(`sha256:${blob}`))
        await rm(join(this.#folder, 'blobs', blob), { force: true });
    }
  }

  #imageFolder(digest: string): string {
    return join(this.#folder, 'rootfs', digest.replace('sha256:', ''));
  }

  #blobFile(digest: string): string {
    return join(this.#folder, 'blobs', digest.replace('sha256:', ''));
  }

  #nameFile(reference: ImageReference): string {
    return join(this.#folder, 'names', `${sha256(Buffer.from(reference.name)).slice('sha256:'.length)}.json`);
  }
}
