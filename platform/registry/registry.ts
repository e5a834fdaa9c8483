// The OCI distribution server: authenticates and authorises every request, then hands it to the handler of its route.

import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { DarumaError, messageOf } from '../core/index.ts';
import { BlobFiles } from './blob-files.ts';
import { serveBlob, serveUpload, startUpload } from './blob-handlers.ts';
import { collectGarbage } from './garbage-collector.ts';
import { serveCatalog, serveManifest, serveReferrers, serveTags } from './manifest-handlers.ts';
import { OciError, sendOciError } from './oci-error.ts';
import type { RegistryCall, RegistryParts } from './registry-call.ts';
import { type RegistryRoute, ROUTE_METHODS, registryRoute } from './registry-routes.ts';
import { RepositoryContent } from './repository-content.ts';
import type { GarbageReport, RegistryOptions, TlsListener, TlsListenerOptions } from './types.ts';
import { Uploads } from './uploads.ts';

const HOUR_MS = 3_600_000;

/** A running registry. Whoever started it disposes of it. */
export class Registry implements AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** `https://HOST:PORT` when a TLS listener was asked for. */
  readonly tlsUrl: string | undefined;
  readonly tlsPort: number | undefined;
  readonly #servers: Server[];
  readonly #store: RegistryStore;
  readonly #answer: RequestListener;

  /** @internal by `startRegistry` */
  constructor({ store, answer, plain, tls }: { store: RegistryStore; answer: RequestListener; plain: Listener; tls?: Listener }) {
    this.#store = store;
    this.#answer = answer;
    this.#servers = [plain.server, ...(tls ? [tls.server] : [])];
    this.url = `http://${plain.address}`;
    this.port = plain.port;
    this.tlsUrl = tls && `https://${tls.address}`;
    this.tlsPort = tls?.port;
  }

  /**
   * Removes blobs that no manifest names. `removeUntagged` (default false, since a workload may name a digest) also removes
   * manifests that no tag reaches. What is younger than `graceMs` (default 1 h) stays. Pushes wait meanwhile.
   */
  collectGarbage({ graceMs = HOUR_MS, removeUntagged = false } = {}): Promise<GarbageReport> {
    return this.#store.collectGarbage({ graceMs, removeUntagged });
  }

  /**
   * Listens by TLS on one more address, for nodes that are elsewhere; `port` 0 (default) takes a free one. The listener ends when it
   * is disposed of, or with the registry. @throws PORT_IN_USE
   */
  async listenTls({ host, port = 0, key, cert }: TlsListenerOptions): Promise<TlsListener> {
    const { server, port: bound, address } = await listen(tlsServer({ key, cert }, this.#answer), host, port);
    this.#servers.push(server);
    return {
      url: `https://${address}`,
      port: bound,
      [Symbol.asyncDispose]: async () => {
        const at = this.#servers.indexOf(server);
        if (at < 0) return;
        this.#servers.splice(at, 1);
        await closed(server);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.splice(0).map(closed));
    await this.#store.uploads[Symbol.asyncDispose]();
  }
}

/** @throws PORT_IN_USE */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { directory, host = '127.0.0.1', port, tls } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const store = new RegistryStore(directory, await Uploads.open(directory), options);
  const answer: RequestListener = (request, response) => void handle(store, options, request, response);
  const plain = await listen(createServer({ requestTimeout: 0 }, answer), host, port);
  try {
    const secure = tls && (await listen(tlsServer(tls, answer), tls.host ?? host, tls.port ?? 0));
    return new Registry({ store, answer, plain, ...(secure ? { tls: secure } : {}) });
  } catch (error) {
    plain.server.close();
    throw error;
  }
}

function tlsServer({ key, cert }: { key: string; cert: string }, answer: RequestListener): Server {
  return createTlsServer({ key, cert, requestTimeout: 0 }, answer);
}

/** Requests that run get a moment to end. */
function closed(server: Server): Promise<void> {
  const ended = new Promise<void>(resolve => server.close(() => resolve()));
  server.closeIdleConnections();
  const deadline = setTimeout(() => server.closeAllConnections(), 2_000);
  return ended.finally(() => clearTimeout(deadline));
}

class RegistryStore implements RegistryParts {
  readonly blobs: BlobFiles;
  readonly content: RepositoryContent;
  readonly uploads: Uploads;
  readonly #options: RegistryOptions;
  #collecting: Promise<unknown> = Promise.resolve();

  constructor(directory: string, uploads: Uploads, options: RegistryOptions) {
    this.blobs = new BlobFiles(directory);
    this.content = new RepositoryContent(directory, this.blobs);
    this.uploads = uploads;
    this.#options = options;
  }

  async afterGarbage(): Promise<void> {
    await this.#collecting;
  }

  collectGarbage(options: { graceMs: number; removeUntagged: boolean }): Promise<GarbageReport> {
    const { content, blobs } = this;
    const collected = this.#collecting.then(() => collectGarbage({ content, blobs, ...options }));
    this.#collecting = collected.catch(() => {});
    return collected;
  }

  async pushed(push: Parameters<RegistryParts['pushed']>[0]): Promise<void> {
    try {
      await this.#options.onPush?.(push);
    } catch (error) {
      this.#options.logger.error('an image was stored, but what follows from it failed', { ...push, error: messageOf(error) });
    }
  }
}

/** Never rejects. */
async function handle(
  store: RegistryStore,
  options: RegistryOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('docker-distribution-api-version', 'registry/2.0');
  try {
    const url = request.url ?? '/';
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const caller = await authenticate(options, request);
    const method = request.method ?? '';
    const route = registryRoute(path, method);
    const methods = ROUTE_METHODS[route.kind];
    if (!methods.includes(method)) {
      throw new OciError('UNSUPPORTED', `${method} is not possible here`, { headers: { allow: methods.join(', ') } });
    }
    const { policy } = options;
    if ('repository' in route) {
      const { repository } = route;
      const read = route.kind !== 'uploads' && route.kind !== 'upload' && (method === 'GET' || method === 'HEAD');
      const allowed = await (read ? policy.mayPull({ ...caller, repository }) : policy.mayPush({ ...caller, repository }));
      if (!allowed) throw new OciError('DENIED', `${caller.user} may not ${read ? 'pull from' : 'push to'} ${repository}`);
    }
    const mayPull = async (repository: string): Promise<boolean> => policy.mayPull({ ...caller, repository });
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    await dispatch(store, route, { request, response, query, user: caller.user, mayPull });
  } catch (error) {
    answerFailure(options, error, request, response);
  }
  if (!request.readableEnded) request.resume();
}

async function authenticate({ users }: RegistryOptions, request: IncomingMessage): Promise<{ user: string; role: string }> {
  const token = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const text = Buffer.from(token ?? '', 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const caller = colon > 0 ? await users.authenticate(text.slice(0, colon), text.slice(colon + 1)) : undefined;
  if (caller) return caller;
  throw new OciError('UNAUTHORIZED', 'a user and a token are needed: daruma credentials shows them', {
    headers: { 'www-authenticate': 'Basic realm="daruma"' },
  });
}

async function dispatch(store: RegistryStore, route: RegistryRoute, call: RegistryCall): Promise<void> {
  switch (route.kind) {
    case 'base':
      call.response.writeHead(200, { 'content-type': 'application/json', 'content-length': 2 });
      call.response.end(call.request.method === 'HEAD' ? undefined : '{}');
      return;
    case 'catalog':
      return serveCatalog(store, call);
    case 'blob':
      return serveBlob(store, { ...call, ...route });
    case 'uploads':
      return startUpload(store, { ...call, ...route });
    case 'upload':
      return serveUpload(store, { ...call, ...route });
    case 'manifest':
      return serveManifest(store, { ...call, ...route });
    case 'tags':
      return serveTags(store, { ...call, ...route });
    case 'referrers':
      return serveReferrers(store, { ...call, ...route });
  }
}

function answerFailure({ logger }: RegistryOptions, error: unknown, request: IncomingMessage, response: ServerResponse): void {
  const head = request.method === 'HEAD';
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof OciError) {
    sendOciError(response, error, { head });
    return;
  }
  logger.warn('a registry request failed', { method: request.method, path: request.url, error: messageOf(error) });
  const full = error instanceof DarumaError && error.code === 'DISK_FULL';
  const message = full ? error.message : 'daruma failed to answer: daruma logs registry says why';
  sendOciError(response, new OciError('UNSUPPORTED', message, { status: full ? 507 : 500 }), { head });
}

interface Listener {
  server: Server;
  port: number;
  address: string;
}

function listen(server: Server, host: string, port: number): Promise<Listener> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const hint = 'choose another port, or stop the program that listens there';
      const taken = cause.code === 'EADDRINUSE';
      reject(taken ? new DarumaError('PORT_IN_USE', `port ${port} for the registry is taken`, { hint, cause }) : cause);
    });
    server.listen(port, host, () => {
      const bound = (server.address() as AddressInfo).port;
      resolve({ server, port: bound, address: `${host.includes(':') ? `[${host}]` : host}:${bound}` });
    });
  });
}
