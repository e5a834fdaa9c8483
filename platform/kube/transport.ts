// How requests reach an API server: an interface, so that the embedded cluster's own controllers need no socket.

export interface KubeRequest {
  method: string;
  /** Path with query, from the server's root. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
}

/** A response whose body is read once, by one of the three readers. */
export interface KubeResponse {
  status: number;
  /** Lower-case names. */
  headers: Record<string, string>;
  text(): Promise<string>;
  /** Newline-delimited lines as they arrive: watches and followed logs. */
  lines(): AsyncIterable<string>;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface KubeTransport extends AsyncDisposable {
  /** @throws DarumaError KUBERNETES_UNREACHABLE when no answer came; any HTTP status is an answer. */
  request(request: KubeRequest): Promise<KubeResponse>;
}

/** Splits a stream of bytes into lines without their ends. */
export async function* splitLines(bytes: AsyncIterable<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', from)) {
      yield rest.slice(from, end);
      from = end + 1;
    }
    rest = rest.slice(from);
  }
  if (rest !== '') yield rest;
}
