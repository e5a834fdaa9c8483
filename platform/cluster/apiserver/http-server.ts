// The HTTPS listener on loopback: requests to the handler, answers and streams back, limits against clients that do harm.
import { setMaxListeners } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { DarumaError, type Logger, messageOf } from '../../core/index.ts';
import type { ApiRequest, ApiResponse, ResponseSink } from './request-context.ts';
import type { RequestHandler } from './request-handler.ts';
import { badRequest, entityTooLarge } from './status-error.ts';

/** kube-apiserver's limit of a request body. */
const BODY_LIMIT_BYTES = 3 * 1024 * 1024;
const HEADER_LIMIT_BYTES = 64 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 60_000;
const KEEP_ALIVE_MS = 120_000;
const LOW_WATER_BYTES = 1024 * 1024;
// Made once: an abort without a reason makes an error with a stack each time.
const GONE = new Error('the client has gone');

export type UpgradeHandler = (request: ApiRequest, socket: Duplex, head: Buffer, message: IncomingMessage) => void;

export interface HttpServerOptions {
  port: number;
  host: string;
  certificate: string;
  key: string;
  /** Trusted for client certificates. */
  clientCa: string;
  handler: RequestHandler;
  upgrade: UpgradeHandler;
  logger: Logger;
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number;
}

async function readBody(message: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw entityTooLarge(BODY_LIMIT_BYTES);
    chunks.push(chunk);
  }
  const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
  if (message.headers['content-encoding'] !== 'gzip') return body;
  try {
    return await promisify(gunzip)(body, { maxOutputLength: BODY_LIMIT_BYTES });
  } catch (error) {
    throw (error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE'
      ? entityTooLarge(BODY_LIMIT_BYTES)
      : badRequest('the body is no gzip data');
  }
}

type Subject = { clientCertificate?: { name: string; groups: string[] } };

// Reading a certificate costs more than most requests; it stays the same for a connection.
const subjects = new WeakMap<TLSSocket, Subject>();

function clientCertificate(socket: TLSSocket): Subject {
  let subject = subjects.get(socket);
  if (!subject) subjects.set(socket, (subject = readSubject(socket)));
  return subject;
}

function readSubject(socket: TLSSocket): Subject {
  if (!socket.authorized) return {};
  const { subject } = socket.getPeerCertificate();
  const name = subject?.CN;
  if (typeof name !== 'string' || name === '') return {};
  const groups = subject.O === undefined ? [] : [subject.O].flat();
  return { clientCertificate: { name, groups } };
}

function toApiRequest(message: IncomingMessage, signal: AbortSignal): ApiRequest {
  const socket = message.socket as TLSSocket;
  const headers: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(message.headers)) headers[key] = Array.isArray(value) ? value.join(', ') : value;
  // Node keeps the first of some repeated headers only; groups may be repeated.
  const distinct = message.headersDistinct['impersonate-group'];
  if (distinct) headers['impersonate-group'] = distinct.join(', ');
  let body: Promise<Uint8Array> | undefined;
  return {
    method: message.method ?? 'GET',
    url: message.url ?? '/',
    headers,
    body: () => (body ??= readBody(message)),
    sourceAddress: socket.remoteAddress ?? '',
    ...clientCertificate(socket),
    signal,
  };
}

/** Writes pieces together that are written in one turn of the event loop. */
class SocketSink implements ResponseSink {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;
  #batch = '';
  #batched = 0;
  #scheduled = false;

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
  }

  get pendingBytes(): number {
    return this.#response.writableLength + this.#batched;
  }

  write(chunk: string | Uint8Array): void {
    if (this.#signal.aborted) return;
    if (typeof chunk !== 'string') {
      this.flush();
      this.#response.write(chunk);
      return;
    }
    this.#batch += chunk;
    this.#batched += chunk.length;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    if (this.#batched === 0) return;
    const batch = this.#batch;
    this.#batch = '';
    this.#batched = 0;
    if (!this.#signal.aborted) this.#response.write(batch);
  }

  async drained(): Promise<void> {
    this.flush();
    if (this.#response.writableLength < LOW_WATER_BYTES || this.#signal.aborted) return;
    await new Promise<void>(resolve => {
      const done = () => {
        this.#response.removeListener('drain', done);
        this.#signal.removeEventListener('abort', done);
        resolve();
      };
      this.#response.once('drain', done);
      this.#signal.addEventListener('abort', done, { once: true });
    });
  }
}

async function send(response: ServerResponse, answer: ApiResponse, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { body } = answer;
  if (!answer.stream) {
    const length = body === undefined ? 0 : typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    response.writeHead(
      answer.status,
      answer.status === 204 ? answer.headers : { ...answer.headers, 'content-length': String(length) },
    );
    response.end(body);
    return;
  }
  response.writeHead(answer.status, answer.headers);
  response.flushHeaders();
  const sink = new SocketSink(response, signal);
  await answer.stream(sink, signal);
  sink.flush();
  response.end();
}

/** @throws DarumaError PORT_IN_USE */
export async function listen(options: HttpServerOptions): Promise<HttpServer> {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const sockets = new Set<Duplex>();
  const server: Server = createServer({
    cert: options.certificate,
    key: options.key,
    ca: options.clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    maxHeaderSize: HEADER_LIMIT_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    noDelay: true,
  });
  server.on('request', (message, response) => {
    const gone = new AbortController();
    const stop = () => gone.abort(GONE);
    closing.signal.addEventListener('abort', stop, { once: true });
    response.once('close', () => {
      closing.signal.removeEventListener('abort', stop);
      if (!response.writableFinished) stop();
    });
    options
      .handler(toApiRequest(message, gone.signal))
      .then(answer => send(response, answer, gone.signal))
      .catch((error: unknown) => {
        options.logger.warn('an answer was cut off', { url: message.url, error: messageOf(error) });
        response.destroy();
      });
  });
  server.on('upgrade', (message, socket, head) => {
    const gone = new AbortController();
    socket.once('close', () => gone.abort(GONE));
    socket.on('error', () => socket.destroy());
    options.upgrade(toApiRequest(message, gone.signal), socket, head, message);
  });
  server.on('secureConnection', socket => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end(
        'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n400 Bad Request',
      );
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(listenError(error, options)));
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      const closed = new Promise<void>(resolve => server.close(() => resolve()));
      server.closeIdleConnections();
      // Streams end by the signal; what still stands after that is cut.
      const cut = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, 250);
      await closed;
      clearTimeout(cut);
    },
  };
}

function listenError(error: Error, { host, port }: HttpServerOptions): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE' || code === 'EACCES')
    return new DarumaError('PORT_IN_USE', `the Kubernetes API cannot listen on ${host}:${port}: ${code}`, {
      hint: 'choose another port, or 0 for any free one',
      cause: error,
    });
  return error;
}
