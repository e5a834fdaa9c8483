// A client of any OCI registry: pushes what buildImage made, reads, copies, deletes.
import { createReadStream } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DarumaError } from '../core/index.ts';
import { sha256 } from './build-image.ts';
import type { BuiltImage, Descriptor, ImageManifest, LayerContent } from './types.ts';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
].join(', ');

export interface RegistryClientOptions {
  /** `http://127.0.0.1:5000`, without a path. */
  url: string;
  username: string;
  password: string;
  /** PEM of the CA, for https. */
  ca?: string;
}

export interface PulledManifest {
  digest: string;
  mediaType: string;
  manifest: ImageManifest;
  bytes: Buffer;
}

interface Call {
  headers?: Record<string, string | number>;
  body?: Uint8Array | (() => Readable);
  signal?: AbortSignal;
  /** Statuses that are answered instead of thrown, beside 2xx. */
  also?: number[];
}

/** Keeps its connections until it is disposed. Every method throws IMAGE_INVALID, UNAUTHORIZED, FORBIDDEN or NOT_FOUND. */
export class RegistryClient implements Disposable {
  readonly #base: URL;
  readonly #authorization: string;
  readonly #agent: Agent | SecureAgent;

  constructor({ url, username, password, ca }: RegistryClientOptions) {
    this.#base = new URL(url);
    this.#authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#agent = this.#base.protocol === 'https:' ? new SecureAgent({ keepAlive: true, ca }) : new Agent({ keepAlive: true });
  }

  /** Pushes what is missing of the image, then its manifest under each tag (its digest alone when there is none). */
  async push(
    repository: string,
    image: BuiltImage,
    { tags = [] as string[], signal }: { tags?: string[]; signal?: AbortSignal } = {},
  ): Promise<void> {
    const config: LayerContent = { descriptor: image.manifest.config, bytes: image.configBytes };
    for (const content of [...image.layers, config]) await this.#pushBlob(repository, content, signal);
    for (const reference of tags.length > 0 ? tags : [image.digest]) {
      await this.#putManifest(repository, reference, { mediaType: image.manifest.mediaType, bytes: image.manifestBytes }, signal);
    }
  }

  /** By tag or digest, its digest verified; undefined when there is none. */
  async manifest(
    repository: string,
    reference: string,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<PulledManifest | undefined> {
    const path = `/v2/${repository}/manifests/${reference}`;
    const response = await this.#call('GET', path, { headers: { accept: MANIFEST_TYPES }, signal, also: [404] });
    const bytes = await collect(response);
    if (response.statusCode === 404) return undefined;
    const digest = sha256(bytes);
    const claimed = reference.startsWith('sha256:') ? reference : response.headers['docker-content-digest'];
    if (claimed !== undefined && claimed !== digest) throw wrongDigest(`${repository}:${reference}`);
    const manifest = JSON.parse(bytes.toString('utf8')) as ImageManifest;
    return { digest, mediaType: response.headers['content-type'] ?? manifest.mediaType, manifest, bytes };
  }

  /** A blob in memory, its digest verified. */
  async blob(repository: string, digest: string, { signal }: { signal?: AbortSignal } = {}): Promise<Buffer> {
    const bytes = await collect(await this.#call('GET', `/v2/${repository}/blobs/${digest}`, { signal }));
    if (sha256(bytes) !== digest) throw wrongDigest(`${repository}@${digest}`);
    return bytes;
  }

  /** The configuration of an image: `config.Labels`, `created` and so on. */
  async config(repository: string, { config }: ImageManifest): Promise<Record<string, unknown>> {
    return JSON.parse((await this.blob(repository, config.digest)).toString('utf8')) as Record<string, unknown>;
  }

  /** All tags, page after page; none for a repository that is not there. */
  async tags(repository: string, { signal }: { signal?: AbortSignal } = {}): Promise<string[]> {
    const tags: string[] = [];
    let path: string | undefined = `/v2/${repository}/tags/list?n=500`;
    while (path !== undefined) {
      const response: IncomingMessage = await this.#call('GET', path, { signal, also: [404] });
      const text = (await collect(response)).toString('utf8');
      if (response.statusCode === 404) return tags;
      tags.push(...((JSON.parse(text) as { tags: string[] | null }).tags ?? []));
      path = /<([^>]+)>;\s*rel="?next"?/.exec([response.headers.link ?? ''].flat().join(','))?.[1];
    }
    return tags;
  }

  /** Removes a tag, or a manifest with all its tags when a digest is given. False when there was none. */
  async delete(repository: string, reference: string): Promise<boolean> {
    const response = await this.#call('DELETE', `/v2/${repository}/manifests/${reference}`, { also: [404] });
    response.resume();
    return response.statusCode !== 404;
  }

  /** Copies an image to another repository or tag of the same registry, by mounting its blobs. Answers its digest. */
  async copy(from: { repository: string; reference: string }, to: { repository: string; tag: string }): Promise<string> {
    const source = await this.manifest(from.repository, from.reference);
    if (!source) throw new DarumaError('NOT_FOUND', `there is no image ${from.repository}:${from.reference}`);
    for (const { digest } of [source.manifest.config, ...source.manifest.layers]) {
      if (from.repository === to.repository) break;
      const query = `mount=${digest}&from=${from.repository}`;
      const mounted = await this.#call('POST', `/v2/${to.repository}/blobs/uploads/?${query}`);
      mounted.resume();
      if (mounted.statusCode === 201) continue;
      const bytes = await this.blob(from.repository, digest);
      await this.#upload(to.repository, mounted.headers.location, { digest, size: bytes.length }, { body: bytes });
    }
    await this.#putManifest(to.repository, to.tag, source);
    return source.digest;
  }

  async #pushBlob(repository: string, content: LayerContent, signal?: AbortSignal): Promise<void> {
    const { digest, size } = content.descriptor;
    const present = await this.#call('HEAD', `/v2/${repository}/blobs/${digest}`, { signal, also: [404] });
    present.resume();
    if (present.statusCode === 200) return;
    const opened = await this.#call('POST', `/v2/${repository}/blobs/uploads/`, { headers: { 'content-length': 0 }, signal });
    opened.resume();
    const body = 'path' in content ? () => createReadStream(content.path, { highWaterMark: 1 << 20 }) : content.bytes;
    await this.#upload(repository, opened.headers.location, { digest, size }, { body, signal });
  }

  async #upload(
    repository: string,
    location: string | undefined,
    { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
    { body, signal }: Pick<Call, 'body' | 'signal'>,
  ): Promise<void> {
    if (!location) throw new DarumaError('IMAGE_INVALID', `${this.#base.host} did not say where to upload to ${repository}`);
    const target = new URL(location, this.#base);
    target.searchParams.set('digest', digest);
    const headers = { 'content-type': 'application/octet-stream', 'content-length': size };
    (await this.#call('PUT', `${target.pathname}${target.search}`, { headers, body, signal })).resume();
  }

  async #putManifest(
    repository: string,
    reference: string,
    { mediaType, bytes }: { mediaType: string; bytes: Uint8Array },
    signal?: AbortSignal,
  ): Promise<void> {
    const headers = { 'content-type': mediaType, 'content-length': bytes.length };
    (await this.#call('PUT', `/v2/${repository}/manifests/${reference}`, { headers, body: bytes, signal })).resume();
  }

  async #call(method: string, path: string, { headers, body, signal, also = [] }: Call = {}): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = this.#base.protocol === 'https:' ? httpsRequest : httpRequest;
      const { hostname, port } = this.#base;
      const request = send({
        ...{ hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, signal },
        agent: this.#agent,
        headers: { authorization: this.#authorization, ...headers },
      });
      request.on('response', resolve);
      request.on('error', reject);
      if (typeof body === 'function') pipeline(body(), request).catch(reject);
      else request.end(body);
    });
    const status = response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || also.includes(status)) return response;
    throw refused(status, `${method} ${path.replace(/\?.*/, '')}`, (await collect(response)).toString('utf8'));
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function wrongDigest(name: string): DarumaError {
  return new DarumaError('IMAGE_INVALID', `the content of ${name} is not what its digest says`, { hint: 'push the image again' });
}

function refused(status: number, what: string, text: string): DarumaError {
  let reason = `status ${status}`;
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: string; message?: string }[] };
    if (errors?.[0]) reason = `${errors[0].message ?? ''} (${errors[0].code ?? status})`;
  } catch {
    // no error body of the specification
  }
  const code = status === 401 ? 'UNAUTHORIZED' : status === 403 ? 'FORBIDDEN' : status === 404 ? 'NOT_FOUND' : 'IMAGE_INVALID';
  return new DarumaError(code, `the registry refused ${what}: ${reason}`, { data: { status } });
}
