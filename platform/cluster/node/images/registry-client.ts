// Reads manifests and blobs of the platform's registry (OCI distribution 1.1), each verified by its digest.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { DarumaError } from '../../../core/index.ts';
import type { ImageReference } from './image-reference.ts';

/** How the node pulls images of the platform's own registry. */
export interface RegistryAccess {
  /** The host in image names: registry.daruma.internal */
  name: string;
  /** Where it is reached: https or http on loopback. */
  url: string;
  /** PEM of the authority that signed its certificate. */
  ca?: string;
  username: string;
  password: string;
}

export interface Descriptor {
  mediaType?: string;
  digest: string;
  size: number;
  platform?: { os?: string; architecture?: string };
}

export interface Manifest {
  mediaType?: string;
  config: Descriptor;
  layers: Descriptor[];
}

interface Index {
  manifests: Descriptor[];
}

const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');
const MANIFEST_LIMIT_BYTES = 4 * 1024 * 1024;
const IDLE_TIMEOUT_MS = 60_000;

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Errors are DarumaError IMAGE_INVALID, NOT_FOUND, UNAUTHORIZED or CONFLICT, worded as container runtimes word them. */
export class RegistryClient {
  readonly #access: RegistryAccess;
  readonly #agent: HttpAgent | HttpsAgent;

  constructor(access: RegistryAccess) {
    this.#access = access;
    this.#agent = access.url.startsWith('https:')
      ? new HttpsAgent({ keepAlive: true, ...(access.ca ? { ca: access.ca } : {}) })
      : new HttpAgent({ keepAlive: true });
  }

  /** Whether images of this registry name can be pulled at all. */
  serves(reference: ImageReference): boolean {
    return reference.registry === this.#access.name || reference.registry === new URL(this.#access.url).host;
  }

  /** The manifest for this machine's platform, and its digest. */
  async manifest(reference: ImageReference, signal: AbortSignal): Promise<{ manifest: Manifest; digest: string }> {
    let wanted = reference.digest ?? reference.tag ?? 'latest';
    for (let depth = 0; depth < 3; depth++) {
      const response = await this.#get(`/v2/${reference.repository}/manifests/${wanted}`, ACCEPT, signal);
      const bytes = await readAll(response, MANIFEST_LIMIT_BYTES);
      const digest = sha256(bytes);
      if (wanted.startsWith('sha256:') && digest !== wanted) {
        throw new DarumaError('IMAGE_INVALID', `the manifest of ${reference.name} has digest ${digest}, not ${wanted}`);
      }
      const document = parseJson(bytes, reference) as Partial<Manifest & Index>;
      if (document.config && Array.isArray(document.layers)) {
        return { manifest: { config: document.config, layers: document.layers }, digest };
      }
      const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
      const candidates = (document.manifests ?? []).filter(({ platform }) => platform?.os !== 'unknown');
      const chosen =
        candidates.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture) ?? candidates[0];
      if (!chosen) throw new DarumaError('IMAGE_INVALID', `${reference.name} is neither an image manifest nor an index of one`);
      wanted = chosen.digest;
    }
    throw new DarumaError('IMAGE_INVALID', `${reference.name} is an index of indexes`);
  }

  /** Writes a blob to `path`, which appears only when whole and verified. */
  async blob(
    reference: ImageReference,
    descriptor: Descriptor,
    { path, signal }: { path: string; signal: AbortSignal },
  ): Promise<void> {
    const response = await this.#get(`/v2/${reference.repository}/blobs/${descriptor.digest}`, '*/*', signal);
    const temporary = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}.part`;
    const hash = createHash('sha256');
    try {
      await pipeline(
        response,
        async function* (source: AsyncIterable<Uint8Array>) {
          for await (const chunk of source) {
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(temporary, { mode: 0o600 }),
        { signal },
      );
      const digest = `sha256:${hash.digest('hex')}`;
      if (digest !== descriptor.digest) {
        throw new DarumaError('IMAGE_INVALID', `a blob of ${reference.name} has digest ${digest}, not ${descriptor.digest}`);
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #get(path: string, accept: string, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(path, this.#access.url);
    const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const credentials = Buffer.from(`${this.#access.username}:${this.#access.password}`).toString('base64');
    return new Promise((resolve, reject) => {
      const outgoing = request(url, {
        agent: this.#agent,
        signal,
        timeout: IDLE_TIMEOUT_MS,
        headers: { accept, authorization: `Basic ${credentials}` },
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer for ${IDLE_TIMEOUT_MS / 1000} s`)));
      outgoing.on('error', reject);
      outgoing.on('response', response => {
        if (response.statusCode === 200) return resolve(response);
        response.resume();
        const where = `${this.#access.name}${path}`;
        if (response.statusCode === 404) reject(new DarumaError('NOT_FOUND', `${where}: not found`));
        else if (response.statusCode === 401 || response.statusCode === 403) {
          reject(new DarumaError('UNAUTHORIZED', `${where}: pull access denied`));
        } else reject(new DarumaError('IMAGE_INVALID', `unexpected status from GET request to ${where}: ${response.statusCode}`));
      });
      outgoing.end();
    });
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limitBytes) throw new DarumaError('IMAGE_INVALID', `a manifest is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer, reference: ImageReference): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new DarumaError('IMAGE_INVALID', `the manifest of ${reference.name} is no JSON`, { cause: error });
  }
}
