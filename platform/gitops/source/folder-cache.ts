// Folders that were read lately, by content: overlays share their base, and a push seldom touches all of them.
import type { GitReader } from '../contract.ts';

const KEPT_BYTES = 16 * 1024 * 1024;

interface Folder {
  files: Map<string, Uint8Array>;
  bytes: number;
}

/** Keeps 16 MiB; those not read for longest are dropped first. */
export class FolderCache {
  readonly #git: GitReader;
  readonly #folders = new Map<string, Folder>();
  #bytes = 0;

  constructor(git: GitReader) {
    this.#git = git;
  }

  /** The files at or below `path`, which must not be changed. */
  async read(repository: string, sha: string, path: string): Promise<Map<string, Uint8Array>> {
    const hash = await this.#git.treeHash(repository, sha, path);
    if (hash === undefined) return new Map();
    const key = `${path}\n${hash}`;
    const known = this.#folders.get(key);
    if (known) {
      this.#folders.delete(key);
      this.#folders.set(key, known);
      return known.files;
    }
    const files = await this.#git.readTree(repository, sha, path);
    let bytes = 0;
    for (const content of files.values()) bytes += content.length;
    if (bytes <= KEPT_BYTES && !this.#folders.has(key)) {
      this.#folders.set(key, { files, bytes });
      this.#bytes += bytes;
      for (const [oldest, folder] of this.#folders) {
        if (this.#bytes <= KEPT_BYTES) break;
        this.#folders.delete(oldest);
        this.#bytes -= folder.bytes;
      }
    }
    return files;
  }
}
