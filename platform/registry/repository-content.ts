// What belongs to a repository: links to blobs, manifests with their media types, tags, and who refers to what.
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '../core/index.ts';
import type { BlobFiles } from './blob-files.ts';
import { isRepositoryName } from './registry-routes.ts';

/** What an index says of a manifest. */
export interface ManifestDescriptor {
  mediaType: string;
  digest: string;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
}

export interface StoredManifest {
  mediaType: string;
  digest: string;
  bytes: Buffer;
}

type LinkKind = '_blobs' | '_manifests';

/**
 * Repositories as folders of small files: `_blobs/<algorithm>/<hex>` (empty), `_manifests/…` (its media type),
 * `_tags/<tag>` (a digest), `_referrers/<algorithm>/<hex of subject>/<digest>` (a descriptor). Names never start with `_`.
 */
export class RepositoryContent {
  readonly #directory: string;
  readonly #blobs: BlobFiles;

  constructor(directory: string, blobs: BlobFiles) {
    this.#directory = join(directory, 'repositories');
    this.#blobs = blobs;
  }

  #folder(repository: string): string {
    return join(this.#directory, ...repository.split('/'));
  }

  #link(repository: string, kind: LinkKind, digest: string): string {
    return join(this.#folder(repository), kind, ...digest.split(':'));
  }

  async exists(repository: string): Promise<boolean> {
    return (await stat(join(this.#folder(repository), '_manifests')).catch(() => undefined)) !== undefined;
  }

  /** Repositories that hold a manifest, sorted. */
  async list(): Promise<string[]> {
    const found: string[] = [];
    const visit = async (folder: string, name: string): Promise<void> => {
      for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
        if (entry.name === '_manifests' && name !== '') found.push(name);
        const inner = name === '' ? entry.name : `${name}/${entry.name}`;
        if (entry.isDirectory() && isRepositoryName(inner)) await visit(join(folder, entry.name), inner);
      }
    };
    await visit(this.#directory, '');
    return found.sort(compareBytes);
  }

  async linkBlob(repository: string, digest: string): Promise<void> {
    await writeFileAtomic(this.#link(repository, '_blobs', digest), '');
  }

  /** Size of a blob of this repository; a touch keeps it from the garbage collector while its image is being pushed. */
  async blobSize(repository: string, digest: string): Promise<number | undefined> {
    const now = new Date();
    const linked = await utimes(this.#link(repository, '_blobs', digest), now, now).then(
      () => true,
      () => false,
    );
    return linked ? this.#blobs.size(digest) : undefined;
  }

  async unlinkBlob(repository: string, digest: string): Promise<void> {
    await rm(this.#link(repository, '_blobs', digest), { force: true });
  }

  /** The digests of a kind of link with the time of each. */
  async links(repository: string, kind: LinkKind): Promise<Map<string, Date>> {
    const links = new Map<string, Date>();
    const folder = join(this.#folder(repository), kind);
    for (const algorithm of await readdir(folder).catch(() => [])) {
      for (const hex of await readdir(join(folder, algorithm)).catch(() => [])) {
        const found = await stat(join(folder, algorithm, hex)).catch(() => undefined);
        if (found && !hex.startsWith('.')) links.set(`${algorithm}:${hex}`, found.mtime);
      }
    }
    return links;
  }

  async hasManifest(repository: string, digest: string): Promise<boolean> {
    return (await stat(this.#link(repository, '_manifests', digest)).catch(() => undefined)) !== undefined;
  }

  /** Stores a manifest durably; a tag is moved last, so that it never names what is not there. */
  async putManifest(repository: string, manifest: StoredManifest, tag?: string): Promise<void> {
    const { digest, bytes, mediaType } = manifest;
    await this.#blobs.write(digest, bytes);
    await writeFileAtomic(this.#link(repository, '_manifests', digest), mediaType);
    if (tag !== undefined) await writeFileAtomic(join(this.#folder(repository), '_tags', tag), digest);
  }

  /** By tag or digest; undefined when there is none. */
  async manifest(repository: string, reference: string): Promise<StoredManifest | undefined> {
    const digest = reference.includes(':') ? reference : await this.tagged(repository, reference);
    if (digest === undefined) return undefined;
    const mediaType = await readFileIfExists(this.#link(repository, '_manifests', digest));
    if (mediaType === undefined || (await this.#blobs.size(digest)) === undefined) return undefined;
    return { digest, mediaType, bytes: await this.#blobs.read(digest) };
  }

  /** Removes a manifest, the tags that name it and its place among the referrers of its subject. */
  async deleteManifest(repository: string, digest: string, subject?: string): Promise<void> {
    for (const tag of await this.tags(repository)) {
      if ((await this.tagged(repository, tag)) === digest) await this.deleteTag(repository, tag);
    }
    if (subject) await rm(join(this.#referrers(repository, subject), digest), { force: true });
    await rm(this.#link(repository, '_manifests', digest), { force: true });
  }

  async tags(repository: string): Promise<string[]> {
    const names = await readdir(join(this.#folder(repository), '_tags')).catch(() => []);
    return names.filter(name => !name.startsWith('.')).sort(compareBytes);
  }

  async tagged(repository: string, tag: string): Promise<string | undefined> {
    return readFileIfExists(join(this.#folder(repository), '_tags', tag));
  }

  async deleteTag(repository: string, tag: string): Promise<boolean> {
    const path = join(this.#folder(repository), '_tags', tag);
    return rm(path).then(
      () => true,
      () => false,
    );
  }

  #referrers(repository: string, subject: string): string {
    return join(this.#folder(repository), '_referrers', ...subject.split(':'));
  }

  async addReferrer(repository: string, subject: string, descriptor: ManifestDescriptor): Promise<void> {
    const folder = this.#referrers(repository, subject);
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, descriptor.digest), JSON.stringify(descriptor));
  }

  async referrers(repository: string, subject: string): Promise<ManifestDescriptor[]> {
    const folder = this.#referrers(repository, subject);
    const names = (await readdir(folder).catch(() => [])).filter(name => !name.startsWith('.')).sort(compareBytes);
    const texts = await Promise.all(names.map(name => readFileIfExists(join(folder, name))));
    return texts.flatMap(text => (text === undefined ? [] : [JSON.parse(text) as ManifestDescriptor]));
  }
}

/** The order that the specification asks of tags: by bytes, not by language. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
