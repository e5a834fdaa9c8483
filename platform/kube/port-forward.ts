// A connection to a port of a pod through the API server, so that pods are reached wherever their network is.
// The protocol: kubelet's channels in a WebSocket (kubernetes/pkg/kubelet/... portforward/websocket.go, v4.channel.k8s.io).
import type { IncomingMessage } from 'node:http';
import { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { DarumaError, messageOf } from '../core/index.ts';
import { KubeApiError } from './errors.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import type { StatusObject } from './types.ts';

const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port's number in two bytes. */
const PREAMBLE_BYTES = 2;
const HANDSHAKE_TIMEOUT_MS = 15_000;

export interface PortForwardOptions {
  /** Ends the wait, and afterwards the connection. */
  signal: AbortSignal;
}

/**
 * Opens a connection to `port` of a pod. It is open as soon as the pod's node takes it; that nothing listens there shows as an error
 * of the connection a moment later. There is no half-close: ending it ends both directions once all is sent. Nothing is retried.
 * @throws KubeApiError when the API server refuses, DarumaError KUBERNETES_UNREACHABLE when it does not answer
 */
export async function portForward(
  access: ClusterAccess,
  { namespace, name }: { namespace: string; name: string },
  port: number,
  { signal }: PortForwardOptions,
): Promise<Duplex> {
  signal.throwIfAborted();
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/portforward?ports=${port}`;
  const headers = await access.headers();
  const { ca, cert, key, skipTlsVerify } = access;
  const socket = new WebSocket(access.server.replace(/\/$/, '').replace(/^http/, 'ws') + path, ['v4.channel.k8s.io'], {
    headers,
    perMessageDeflate: false,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    rejectUnauthorized: !skipTlsVerify,
  });
  const connection = new ForwardedConnection(socket, `port ${port} of pod ${namespace}/${name}`);
  const abort = () => void connection.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  connection.once('close', () => signal.removeEventListener('abort', abort));
  try {
    await opened(socket, access.server, path);
    signal.throwIfAborted();
    return connection;
  } catch (error) {
    connection.destroy();
    signal.throwIfAborted();
    throw error;
  }
}

function opened(socket: WebSocket, server: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => {
      // Nothing is taken before whoever asked can listen to it.
      socket.pause();
      setImmediate(() => socket.resume());
      resolve();
    });
    socket.once('error', cause =>
      reject(
        new DarumaError('KUBERNETES_UNREACHABLE', `the Kubernetes API at ${server} does not answer: ${messageOf(cause)}`, {
          cause,
        }),
      ),
    );
    socket.once('unexpected-response', (request, response) => {
      void refusal(response).then(status => {
        request.destroy();
        reject(new KubeApiError(response.statusCode ?? 500, status, `GET ${path}`));
      });
    });
  });
}

async function refusal(response: IncomingMessage): Promise<StatusObject> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Uint8Array);
  } catch {
    // What came says enough.
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    return JSON.parse(text) as StatusObject;
  } catch {
    return { kind: 'Status', apiVersion: 'v1', message: text.trim().slice(0, 500) };
  }
}

/** The data channel as a stream. It also answers to what Node's HTTP agent asks of a socket. */
class ForwardedConnection extends Duplex {
  readonly #socket: WebSocket;
  readonly #target: string;
  readonly #preambleLeft = [PREAMBLE_BYTES, PREAMBLE_BYTES];

  constructor(socket: WebSocket, target: string) {
    super({ allowHalfOpen: false });
    this.#socket = socket;
    this.#target = target;
    // Whoever does not listen sees the end all the same.
    this.on('error', () => {});
    socket.on('message', (data: Buffer) => this.#take(data));
    socket.on('error', error => this.destroy(error));
    socket.on('close', () => {
      this.push(null);
      // Whoever reads slowly still gets what has come; whoever does not read at all must not keep it.
      if (this.readableLength === 0) this.destroy();
    });
  }

  #take(frame: Buffer): void {
    const channel = frame[0] ?? -1;
    const left = this.#preambleLeft[channel];
    if (left === undefined) return;
    const skipped = Math.min(left, frame.length - 1);
    this.#preambleLeft[channel] = left - skipped;
    const content = frame.subarray(1 + skipped);
    if (content.length === 0 || this.destroyed) return;
    if (channel === ERROR) {
      this.destroy(new Error(`${this.#target}: ${content.toString('utf8').trim()}`));
    } else if (!this.push(content)) this.#socket.pause();
  }

  override _read(): void {
    if (this.#socket.isPaused) this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.send(Buffer.concat([Buffer.of(DATA), chunk]), done);
  }

  override _final(done: () => void): void {
    this.#socket.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.terminate();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
