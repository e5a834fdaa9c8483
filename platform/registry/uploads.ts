// Uploads under way. They live as long as the process: a client that finds its upload gone starts it again, as the
// specification wants.
import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type BlobFiles, diskError } from './blob-files.ts';
import { OciError } from './oci-error.ts';

const IDLE_LIMIT_MS = 3_600_000;
const OPEN_LIMIT = 500;

export class Upload {
  readonly id = randomUUID();
  readonly repository: string;
  readonly path: string;
  readonly #file: FileHandle;
  readonly #sha256: Hash = createHash('sha256');
  #sizeBytes = 0;
  #busy = false;
  usedAt = Date.now();

  constructor(repository: string, path: string, file: FileHandle) {
    this.repository = repository;
    this.path = path;
    this.#file = file;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends a body. What arrived before a broken connection stays, and counts. @throws OciError when another request writes. */
  async append(body: Readable): Promise<void> {
    if (this.#busy) throw new OciError('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', { status: 409 });
    this.#busy = true;
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        await this.#file.appendFile(chunk);
        this.#sha256.update(chunk);
        this.#sizeBytes += chunk.length;
        this.usedAt = Date.now();
      }
    } catch (error) {
      throw diskError(error);
    } finally {
      this.#busy = false;
    }
  }

  /** Syncs and closes the file and answers its digest by the algorithm of `expected`. */
  async finish(expected: string): Promise<string> {
    await this.#file.sync();
    await this.#file.close();
    if (expected.startsWith('sha256:')) return `sha256:${this.#sha256.digest('hex')}`;
    const hash = createHash('sha512');
    for await (const chunk of createReadStream(this.path)) hash.update(chunk as Buffer);
    return `sha512:${hash.digest('hex')}`;
  }

  async close(): Promise<void> {
    await this.#file.close().catch(() => {});
    await rm(this.path, { force: true });
  }
}

export class Uploads implements AsyncDisposable {
  readonly #directory: string;
  readonly #open = new Map<string, Upload>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Removes what an earlier process left unfinished. */
  static async open(directory: string): Promise<Uploads> {
    const folder = join(directory, 'uploads');
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Uploads(folder);
  }

  /** Starts one. Uploads idle for an hour are dropped; more than 500 at once are refused. */
  async start(repository: string): Promise<Upload> {
    for (const upload of this.#open.values()) if (Date.now() - upload.usedAt > IDLE_LIMIT_MS) await this.cancel(upload);
    if (this.#open.size >= OPEN_LIMIT) {
      throw new OciError('BLOB_UPLOAD_INVALID', 'too many uploads are open: finish or cancel some', { status: 429 });
    }
    const path = join(this.#directory, randomUUID());
    const upload = new Upload(repository, path, await open(path, 'ax', 0o600));
    this.#open.set(upload.id, upload);
    return upload;
  }

  /** @throws OciError when there is none of this id in this repository. */
  get(repository: string, id: string): Upload {
    const upload = this.#open.get(id);
    if (upload?.repository !== repository) throw new OciError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload');
    return upload;
  }

  async cancel(upload: Upload): Promise<void> {
    this.#open.delete(upload.id);
    await upload.close();
  }

  /** Turns an upload into a blob. @throws OciError when its content is not what the digest says; the upload is then gone. */
  async commit(upload: Upload, { digest, blobs }: { digest: string; blobs: BlobFiles }): Promise<void> {
    this.#open.delete(upload.id);
    try {
      const actual = await upload.finish(digest);
      if (actual !== digest)
        throw new OciError('DIGEST_INVALID', 'the content has another digest', { detail: { actual, digest } });
      await blobs.adopt(digest, upload.path);
    } catch (error) {
      await upload.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const upload of [...this.#open.values()]) await this.cancel(upload);
  }
}
