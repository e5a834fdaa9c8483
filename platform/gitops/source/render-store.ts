// The newest render of each source, kept on disk: a restart compares at once, while the engine is still being loaded.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageVersion, writeFileAtomic } from '../../core/index.ts';
import type { Rendered } from '../render/index.ts';

export interface StoredRender {
  /** Of the folders that were read, in the order of `rendered.paths`. */
  hashes: string;
  rendered: Rendered;
}

/** What is lost, damaged or of another version is rendered anew. */
export class RenderStore {
  readonly #folder: string;
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(source: string): Promise<StoredRender | undefined> {
    try {
      const stored = JSON.parse(await readFile(this.#fileOf(source), 'utf8')) as StoredRender & { source: string };
      return stored.source === source && Array.isArray(stored.rendered.objects) && Array.isArray(stored.rendered.paths)
        ? { hashes: stored.hashes, rendered: stored.rendered }
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** Written behind the caller; a full disk costs only the time that it would have saved. */
  write(source: string, render: StoredRender): void {
    this.#writing = this.#writing
      .then(() => writeFileAtomic(this.#fileOf(source), JSON.stringify({ source, ...render })))
      .catch(() => {});
  }

  /** Resolves when everything is written. */
  idle(): Promise<void> {
    return this.#writing;
  }

  #fileOf(source: string): string {
    const name = createHash('sha256').update(`${packageVersion()}\n${source}`).digest('hex').slice(0, 32);
    return join(this.#folder, `${name}.json`);
  }
}
