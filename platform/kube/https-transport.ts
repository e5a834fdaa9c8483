// The transport to a real address: HTTPS with keep-alive, by a kubeconfig's certificate, token or exec plugin.
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { DarumaError, messageOf } from '../core/index.ts';
import type { ClusterAccess } from './kubeconfig.ts';
import { type KubeRequest, type KubeResponse, type KubeTransport, splitLines } from './transport.ts';

/** Requests to the cluster that a kubeconfig names. Closing it ends idle and running connections. */
export class HttpsTransport implements KubeTransport {
  readonly access: ClusterAccess;
  readonly #agent: Agent | HttpAgent;
  readonly #closing = new AbortController();

  constructor(access: ClusterAccess) {
    this.access = access;
    // Every open watch listens for the end of the transport.
    setMaxListeners(0, this.#closing.signal);
    const { ca, cert, key, skipTlsVerify } = access;
    this.#agent = access.server.startsWith('http:')
      ? new HttpAgent({ keepAlive: true, keepAliveMsecs: 30_000 })
      : new Agent({
          keepAlive: true,
          keepAliveMsecs: 30_000,
          ca,
          cert,
          key,
          rejectUnauthorized: !skipTlsVerify,
          ALPNProtocols: ['http/1.1'],
        });
  }

  async request({ method, path, headers = {}, body, signal }: KubeRequest): Promise<KubeResponse> {
    signal?.throwIfAborted();
    const url = new URL(this.access.server.replace(/\/$/, '') + path);
    const credentials = await this.access.headers();
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    const send = url.protocol === 'http:' ? httpRequest : httpsRequest;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(
        url,
        {
          method,
          agent: this.#agent,
          headers: { ...credentials, ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
        },
        resolve,
      );
      const abort = () => request.destroy(stop.reason instanceof Error ? stop.reason : new Error('aborted'));
      stop.addEventListener('abort', abort, { once: true });
      request.once('close', () => stop.removeEventListener('abort', abort));
      request.once('error', reject);
      request.end(body);
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new DarumaError(
        'KUBERNETES_UNREACHABLE',
        `the Kubernetes API at ${this.access.server} does not answer: ${messageOf(error)}`,
        { cause: error },
      );
    });
    return toResponse(response, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('the connection to the cluster was closed'));
    this.#agent.destroy();
  }
}

function toResponse(response: IncomingMessage, signal?: AbortSignal): KubeResponse {
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
  async function* bytes(): AsyncIterable<Uint8Array> {
    try {
      for await (const chunk of response) yield chunk as Uint8Array;
    } catch (error) {
      signal?.throwIfAborted();
      throw new DarumaError('KUBERNETES_UNREACHABLE', `the answer of the Kubernetes API broke off: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
  return {
    status: response.statusCode ?? 0,
    headers,
    text: async () => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes()) chunks.push(chunk);
      return Buffer.concat(chunks).toString('utf8');
    },
    lines: () => splitLines(bytes()),
    bytes,
  };
}
