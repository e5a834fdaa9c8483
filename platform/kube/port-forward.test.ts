// The channels of a port-forward, against a server that speaks them as a kubelet does.
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { portForward } from './index.ts';

const servers: WebSocketServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    for (const client of server.clients) client.terminate();
    await new Promise<void>(resolve => server.close(() => resolve()));
  }
});

async function kubelet(onConnection: (socket: WebSocket, path: string) => void, refuse?: number): Promise<{ server: string }> {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: protocols => [...protocols][0] ?? false,
    ...(refuse === undefined
      ? {}
      : { verifyClient: (_info, done) => done(false, refuse, '{"kind":"Status","reason":"NotFound","message":"no such pod"}') }),
  });
  servers.push(server);
  server.on('connection', (socket, request) => {
    const port = Buffer.from([0x90, 0x1f]);
    socket.send(Buffer.concat([Buffer.of(0), port]));
    socket.send(Buffer.concat([Buffer.of(1), port]));
    onConnection(socket, request.url ?? '');
  });
  await once(server, 'listening');
  return { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const access = (server: string) => ({ server, namespace: 'default', headers: async () => ({}) });
const pod = { namespace: 'dev', name: 'demo-1' };

it('carries bytes both ways without the preamble, and large answers whole', async () => {
  const answer = Buffer.alloc(3_000_000, 'x');
  let asked = '';
  const { server } = await kubelet((socket, path) => {
    asked = path;
    socket.on('message', (data: Buffer) => {
      expect(data[0]).toBe(0);
      expect(data.subarray(1).toString()).toBe('hello');
      for (let at = 0; at < answer.length; at += 32_768)
        socket.send(Buffer.concat([Buffer.of(0), answer.subarray(at, at + 32_768)]));
      socket.close();
    });
  });
  const connection = await portForward(access(server), pod, 8080, { signal: new AbortController().signal });
  connection.write('hello');
  const chunks: Buffer[] = [];
  for await (const chunk of connection) {
    chunks.push(chunk as Buffer);
    await new Promise(resolve => setImmediate(resolve));
  }
  expect(Buffer.concat(chunks).equals(answer)).toBe(true);
  expect(asked).toBe('/api/v1/namespaces/dev/pods/demo-1/portforward?ports=8080');
});

it('tells by an error that nothing listens there', async () => {
  const { server } = await kubelet(socket => socket.send(Buffer.concat([Buffer.of(1), Buffer.from('connection refused\n')])));
  const connection = await portForward(access(server), pod, 8080, { signal: new AbortController().signal });
  const [error] = (await once(connection, 'error')) as [Error];
  expect(error.message).toBe('port 8080 of pod dev/demo-1: connection refused');
});

it('tells apart a refusal, a server that is away and an abort', async () => {
  const { server } = await kubelet(() => {}, 404);
  const signal = new AbortController().signal;
  await expect(portForward(access(server), pod, 1, { signal })).rejects.toMatchObject({ status: 404 });
  await expect(portForward(access('http://127.0.0.1:1'), pod, 1, { signal })).rejects.toMatchObject({
    code: 'KUBERNETES_UNREACHABLE',
  });
  const stop = new AbortController();
  const { server: open } = await kubelet(() => {});
  const connection = await portForward(access(open), pod, 1, { signal: stop.signal });
  const closed = once(connection, 'close').catch(() => {});
  connection.on('error', () => {});
  stop.abort();
  await closed;
  expect(connection.destroyed).toBe(true);
});
