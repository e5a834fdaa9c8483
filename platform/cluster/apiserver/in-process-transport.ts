// The API without a socket, for the controllers and the node of the same process: same handler, same rules, same audit.
import { setMaxListeners } from 'node:events';
import { DarumaError } from '../../core/index.ts';
import { type KubeRequest, type KubeResponse, type KubeTransport, splitLines } from '../../kube/index.ts';
import type { ApiRequest, ApiResponse, ResponseSink, UserInfo } from './request-context.ts';
import type { RequestHandler } from './request-handler.ts';

/** How much of a stream may wait for its reader. */
const LOW_WATER_BYTES = 1024 * 1024;
// Made once: an abort without a reason makes an error with a stack each time.
const ENDED = new Error('the request has ended');

const bytesOf = (body: string | Uint8Array | undefined): Uint8Array =>
  body === undefined ? new Uint8Array() : typeof body === 'string' ? Buffer.from(body) : body;

/** A queue of bytes between a writer that never waits and one reader. */
class Pipe implements ResponseSink {
  #chunks: Uint8Array[] = [];
  #pending = 0;
  #wake: (() => void) | undefined;
  #drain: (() => void)[] = [];
  #ended = false;
  #failure: unknown;

  get pendingBytes(): number {
    return this.#pending;
  }

  write(chunk: string | Uint8Array): void {
    const bytes = bytesOf(chunk);
    this.#chunks.push(bytes);
    this.#pending += bytes.length;
    this.#wake?.();
  }

  drained(): Promise<void> {
    if (this.#pending < LOW_WATER_BYTES || this.#ended) return Promise.resolve();
    return new Promise(resolve => this.#drain.push(resolve));
  }

  end(failure?: unknown): void {
    this.#ended = true;
    this.#failure = failure;
    this.#wake?.();
    for (const resolve of this.#drain.splice(0)) resolve();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunks = this.#chunks;
      this.#chunks = [];
      for (const chunk of chunks) {
        this.#pending -= chunk.length;
        yield chunk;
      }
      if (this.#pending < LOW_WATER_BYTES) for (const resolve of this.#drain.splice(0)) resolve();
      if (this.#chunks.length > 0) continue;
      if (this.#ended) {
        if (this.#failure !== undefined) throw this.#failure;
        return;
      }
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}

export class InProcessTransport implements KubeTransport {
  readonly #handler: RequestHandler;
  readonly #user: UserInfo;
  readonly #closed = new AbortController();

  constructor(handler: RequestHandler, user: UserInfo, serverClosed: AbortSignal) {
    this.#handler = handler;
    this.#user = user;
    setMaxListeners(0, this.#closed.signal);
    serverClosed.addEventListener('abort', () => this.#closed.abort(), { once: true, signal: this.#closed.signal });
  }

  async request({ method, path, headers = {}, body, signal }: KubeRequest): Promise<KubeResponse> {
    if (this.#closed.signal.aborted) throw closed();
    signal?.throwIfAborted();
    const gone = new AbortController();
    const stop = () => gone.abort(ENDED);
    this.#closed.signal.addEventListener('abort', stop, { once: true, signal: gone.signal });
    signal?.addEventListener('abort', stop, { once: true, signal: gone.signal });
    const request: ApiRequest = {
      method,
      url: path,
      headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key.toLowerCase(), value])),
      body: async () => bytesOf(body),
      sourceAddress: 'in-process',
      trustedUser: this.#user,
      signal: gone.signal,
    };
    return toKubeResponse(await this.#handler(request), { gone, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
  }
}

const closed = (): DarumaError => new DarumaError('KUBERNETES_UNREACHABLE', 'the API server of this cluster has stopped');

function toKubeResponse(
  response: ApiResponse,
  { gone, signal }: { gone: AbortController; signal: AbortSignal | undefined },
): KubeResponse {
  const headers: Record<string, string> = {};
  for (const [key, value] of Object.entries(response.headers))
    headers[key.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  const bytes = (): AsyncIterable<Uint8Array> => readBody(response, { gone, signal });
  if (!response.stream) gone.abort(ENDED);
  return {
    status: response.status,
    headers,
    text: async () => {
      if (!response.stream)
        return typeof response.body === 'string' ? response.body : Buffer.from(response.body ?? '').toString();
      const chunks: Uint8Array[] = [];
      for await (const chunk of bytes()) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
    lines: () => splitLines(bytes()),
    bytes,
  };
}

async function* readBody(
  response: ApiResponse,
  { gone, signal }: { gone: AbortController; signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array> {
  if (!response.stream) {
    yield bytesOf(response.body);
    return;
  }
  const pipe = new Pipe();
  const end = () => pipe.end(signal?.aborted ? signal.reason : undefined);
  gone.signal.addEventListener('abort', end, { once: true });
  if (gone.signal.aborted) end();
  const finished = response.stream(pipe, gone.signal).then(
    () => pipe.end(),
    (error: unknown) => pipe.end(error),
  );
  try {
    yield* pipe.read();
  } finally {
    gone.abort(ENDED);
    await finished;
  }
}
