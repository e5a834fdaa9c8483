// kubectl port-forward: for each connection a data and an error stream with the same request ID (portforward.k8s.io).
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../../core/index.ts';
import type { SpdyConnection, SpdyStream } from './spdy-connection.ts';

interface Pair {
  data?: SpdyStream;
  error?: SpdyStream;
}

/** Joins pairs of streams with ports of the pod until the connection ends. */
export async function serveSpdyPortForward(
  connection: SpdyConnection,
  connect: (port: number) => Promise<Duplex>,
): Promise<void> {
  const pairs = new Map<string, Pair>();
  connection.onStream = stream => {
    const type = stream.headers.get('streamtype');
    const requestId = stream.headers.get('requestid') ?? String(type === 'error' ? stream.id : stream.id - 2);
    if (type !== 'data' && type !== 'error') {
      stream.destroy();
      return;
    }
    const pair = pairs.get(requestId) ?? {};
    pairs.set(requestId, pair);
    pair[type] = stream;
    if (!pair.data || !pair.error) return;
    pairs.delete(requestId);
    join(pair.data, pair.error, connect).catch(() => stream.destroy());
  };
  await connection.ended;
}

async function join(data: SpdyStream, error: SpdyStream, connect: (port: number) => Promise<Duplex>): Promise<void> {
  const port = Number(data.headers.get('port'));
  error.resume();
  let target: Duplex;
  try {
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`"${data.headers.get('port') ?? ''}" is no port`);
    target = await connect(port);
  } catch (cause) {
    error.end(`an error occurred forwarding port ${port}: ${messageOf(cause)}`);
    data.end();
    return;
  }
  const end = () => target.destroy();
  data.once('close', end);
  const [up, down] = await Promise.allSettled([pipeline(data, target), pipeline(target, data)]);
  const failed = down.status === 'rejected' ? down : up;
  if (failed.status === 'rejected' && error.writable && down.status === 'rejected')
    error.end(`an error occurred forwarding port ${port}: ${messageOf(failed.reason)}`);
  else error.end();
  target.destroy();
}
