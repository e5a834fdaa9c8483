// exec and port-forward over WebSockets against real processes and sockets behind a connector.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { PodConnector } from '../../pod-connector.ts';
import { startTestServer, type TestServer } from '../test-server.ts';
import { SpdyConnection } from './spdy-connection.ts';
import { HEADER_DICTIONARY } from './spdy-dictionary.ts';
import { controlFrame, dataFrame, FLAG_FIN, FrameReader, HeaderCodec, SYN_STREAM, words } from './spdy-frames.ts';
import { serveSpdyPortForward } from './spdy-port-forward.ts';

const connector: PodConnector = {
  async *logs() {
    yield Buffer.from('a line\n');
  },
  async exec(_target, { command, stdin }) {
    const [program = '', ...rest] = command;
    const child = spawn(program, rest, { stdio: 'pipe' });
    if (!stdin) child.stdin.end();
    const exit = once(child, 'close').then(([code]) => ({ code: Number(code ?? 1) }));
    return {
      ...(stdin ? { stdin: child.stdin } : {}),
      stdout: child.stdout,
      stderr: child.stderr,
      resize: () => {},
      exit,
      kill: () => void child.kill(),
    };
  },
  async portForward(_target, port) {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket;
  },
};

let server: TestServer;
let echo: Server;
let echoPort = 0;
beforeAll(async () => {
  server = await startTestServer({ connector });
  echo = createServer(socket => socket.pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const address = echo.address();
  echoPort = typeof address === 'object' && address ? address.port : 0;
  await server.client.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { nodeName: 'node', containers: [{ name: 'c', image: 'x' }] },
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  echo.close();
});

const POD = '/api/v1/namespaces/default/pods/p';

async function open(path: string, protocol: string): Promise<WebSocket> {
  const url = `wss://127.0.0.1:${server.api.port}${path}`;
  const socket = new WebSocket(url, [protocol], {
    ca: server.authority.certificate,
    headers: { authorization: 'Bearer admin-token' },
  });
  await once(socket, 'open');
  return socket;
}

/** All messages until the socket closes, joined by channel. */
async function channelsOf(socket: WebSocket): Promise<Record<number, string>> {
  const channels: Record<number, string> = {};
  socket.on('message', (data: Buffer) => {
    const channel = data[0] as number;
    channels[channel] = (channels[channel] ?? '') + data.subarray(1).toString('latin1');
  });
  await once(socket, 'close');
  return channels;
}

describe('exec', () => {
  it('carries both outputs and the exit code', async () => {
    const query = new URLSearchParams([
      ['command', 'sh'],
      ['command', '-c'],
      ['command', 'echo out; echo err >&2; exit 3'],
      ['stdout', 'true'],
      ['stderr', 'true'],
    ]);
    const channels = await channelsOf(await open(`${POD}/exec?${query}`, 'v4.channel.k8s.io'));
    expect(channels[1]).toBe('out\n');
    expect(channels[2]).toBe('err\n');
    expect(JSON.parse(channels[3] ?? '')).toMatchObject({
      status: 'Failure',
      reason: 'NonZeroExitCode',
      details: { causes: [{ message: '3' }] },
    });
  });

  it('closes the input when a v5 client does', async () => {
    const socket = await open(`${POD}/exec?command=wc&command=-c&stdin=true&stdout=true`, 'v5.channel.k8s.io');
    const channels = channelsOf(socket);
    for (let count = 0; count < 20; count++) socket.send(Buffer.concat([Buffer.from([0]), Buffer.alloc(50_000, 'x')]));
    socket.send(Buffer.from([255, 0]));
    expect((await channels)[1]?.trim()).toBe('1000000');
  });

  it('needs the right to create it', async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${server.api.port}${POD}/exec?command=id&stdout=true`, ['v5.channel.k8s.io'], {
      ca: server.authority.certificate,
      headers: { authorization: 'Bearer dev-token' },
    });
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number; destroy(): void }];
    expect(response.statusCode).toBe(403);
    response.destroy();
  });
});

describe('port-forward', () => {
  it('joins channels with a port of the pod', async () => {
    const socket = await open(`${POD}/portforward?ports=${echoPort}`, 'v4.channel.k8s.io');
    let received = '';
    const got = new Promise<void>(resolve => {
      socket.on('message', (data: Buffer) => {
        if (data[0] === 0 && data.length > 3) received += data.subarray(1).toString();
        if (received === 'hello') resolve();
      });
    });
    socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('hello')]));
    await got;
    socket.close();
    await once(socket, 'close');
  });

  it('accepts the tunnel that kubectl asks for', async () => {
    const outgoing = request({
      host: '127.0.0.1',
      port: server.api.port,
      path: `${POD}/portforward`,
      ca: server.authority.certificate,
      agent: false,
      headers: {
        authorization: 'Bearer admin-token',
        connection: 'Upgrade',
        upgrade: 'websocket',
        'sec-websocket-version': '13',
        'sec-websocket-key': Buffer.alloc(16, 'k').toString('base64'),
        'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
      },
    });
    outgoing.end();
    const [response, socket] = (await once(outgoing, 'upgrade')) as [IncomingMessage, Duplex];
    expect(response.headers['sec-websocket-protocol']).toBe('SPDY/3.1+portforward.k8s.io');
    socket.destroy();
  });

  it('joins the streams of a SPDY connection', async () => {
    const codec = new HeaderCodec();
    const reader = new FrameReader();
    let received = 0;
    let finish: () => void = () => {};
    const finished = new Promise<void>(resolve => (finish = resolve));
    const connection = new SpdyConnection({
      close: () => {},
      write: async bytes => {
        for (const frame of reader.push(Buffer.from(bytes))) {
          if (frame.control || frame.streamId !== 3) continue;
          received += frame.payload.length;
          if (frame.flags & FLAG_FIN) finish();
        }
      },
    });
    const serving = serveSpdyPortForward(connection, port => connector.portForward({ namespace: 'default', name: 'p' }, port));
    const syn = async (id: number, type: string) => {
      const headers = new Map([
        ['streamtype', type],
        ['port', String(echoPort)],
        ['requestid', '0'],
      ]);
      const block = await codec.encode(headers);
      connection.receive(controlFrame(SYN_STREAM, 0, Buffer.concat([words(id, 0), Buffer.alloc(2), block])));
    };
    await syn(1, 'error');
    await syn(3, 'data');
    for (let count = 0; count < 10; count++) connection.receive(dataFrame(3, 0, Buffer.alloc(30_000, 'y')));
    connection.receive(dataFrame(3, FLAG_FIN, Buffer.alloc(0)));
    await finished;
    expect(received).toBe(300_000);
    codec.close();
    connection.close();
    await serving;
  });

  it('compresses headers by the dictionary of the protocol', () => {
    let [a, b] = [1, 0];
    for (const byte of HEADER_DICTIONARY) {
      a = (a + byte) % 65_521;
      b = (b + a) % 65_521;
    }
    // The checksum that every SPDY/3 stream carries.
    expect((((b << 16) | a) >>> 0).toString(16)).toBe('e3c6a7c2');
  });
});

describe('logs', () => {
  it('come from the node, and containers that do not exist are refused', async () => {
    expect((await server.ask('GET', `${POD}/log`)).text).toBe('a line\n');
    expect((await server.ask('GET', `${POD}/log?container=zz`)).status).toBe(400);
  });
});
