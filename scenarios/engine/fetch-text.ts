// One GET on loopback with any Host header: what curl does with --resolve, and fetch does not.
import { type IncomingMessage, request } from 'node:http';
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import type { HttpAnswer } from './context.ts';

const LIMIT_MS = 10_000;

export interface FetchTextOptions {
  port: number;
  path: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

/** @throws CHECK_FAILED when no answer came within ten seconds. */
export async function fetchText({ port, path, headers, signal }: FetchTextOptions): Promise<HttpAnswer> {
  signal.throwIfAborted();
  try {
    return await new Promise<HttpAnswer>((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, headers, signal, agent: false, timeout: LIMIT_MS }, response => {
        readBody(response).then(body => resolve({ status: response.statusCode ?? 0, body }), reject);
      });
      sent.once('timeout', () => sent.destroy(new Error(`no answer within ${LIMIT_MS / 1000} s`)));
      sent.once('error', reject);
      sent.end();
    });
  } catch (error) {
    signal.throwIfAborted();
    const host = headers['host'] ?? `127.0.0.1:${port}`;
    throw new DarumaError('CHECK_FAILED', `http://${host}${path} does not answer: ${messageOf(error)}`, { cause: error });
  }
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
