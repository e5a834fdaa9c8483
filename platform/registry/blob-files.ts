// Content by digest on disk, whole or not there: written to a temporary file, synced, renamed, and the folder synced.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from '../core/index.ts';
import { isDigest } from './registry-routes.ts';

/** All blobs of a registry, shared by its repositories. */
export class BlobFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, 'blobs');
  }

  #path(digest: string): string {
    const [algorithm = '', hex = ''] = digest.split(':');
    return join(this.#directory, algorithm, hex.slice(0, 2), hex);
  }

  /** Size in bytes, or undefined when there is no such blob. */
  async size(digest: string): Promise<number | undefined> {
    return (await stat(this.#path(digest)).catch(() => undefined))?.size;
  }

  async read(digest: string): Promise<Buffer> {
    return readFile(this.#path(digest));
  }

  /** A stream of the bytes from `start` to `end`, both included. */
  stream(digest: string, range?: { start: number; end: number }): ReadStream {
    return createReadStream(this.#path(digest), { ...range, highWaterMark: 256 * 1024 });
  }

  /** Takes over a finished file, whose content the caller has verified and synced. */
  async adopt(digest: string, file: string): Promise<void> {
    const path = this.#path(digest);
    await mkdir(dirname(path), { recursive: true });
    await rename(file, path);
    await syncFolder(dirname(path));
  }

  /** Stores bytes under their digest. @throws DISK_FULL */
  async write(digest: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(digest);
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.adopt(digest, temporary);
    } catch (error) {
      await rm(temporary, { force: true });
      throw diskError(error);
    }
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true });
  }

  /** Every blob with its size and when it was written; temporary files of a killed process are removed on the way. */
  async *list(): AsyncIterable<{ digest: string; sizeBytes: number; writtenAt: Date }> {
    for (const algorithm of await readdir(this.#directory).catch(() => [])) {
      for (const shard of await readdir(join(this.#directory, algorithm)).catch(() => [])) {
        for (const hex of await readdir(join(this.#directory, algorithm, shard)).catch(() => [])) {
          const path = join(this.#directory, algorithm, shard, hex);
          const { size, mtime } = (await stat(path).catch(() => undefined)) ?? {};
          if (size === undefined || mtime === undefined) continue;
          const digest = `${algorithm}:${hex}`;
          if (isDigest(digest)) yield { digest, sizeBytes: size, writtenAt: mtime };
          else if (Date.now() - mtime.getTime() > 3_600_000) await rm(path, { force: true });
        }
      }
    }
  }
}

export function digestOf(bytes: Uint8Array, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function diskError(error: unknown): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') return error;
  return new DarumaError('DISK_FULL', 'no space left to store an image', {
    hint: 'free some space, then push again',
    cause: error,
  });
}

async function syncFolder(folder: string): Promise<void> {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
