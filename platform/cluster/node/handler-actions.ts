// What probes and life-cycle hooks do: an HTTP request, a TCP connection, a command, a gRPC health check.

import { request as httpRequest } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { createConnection } from 'node:net';
import { messageOf } from '../../core/index.ts';
import type { HostEndpoint } from '../network/index.ts';
import type { Container, Handler } from './pod-types.ts';
import type { RunningContainer } from './runtime/index.ts';

export interface ActionTarget {
  container: Container;
  running: RunningContainer;
  podAddress: string;
  hostEndpoint(address: string, port: number): HostEndpoint;
}

export interface ActionResult {
  success: boolean;
  /** What a kubelet would say of it. */
  output: string;
}

const OUTPUT_LIMIT = 10 * 1024;

function portNumber(container: Container, port: number | string): number {
  if (typeof port === 'number') return port;
  return container.ports?.find(({ name }) => name === port)?.containerPort ?? Number(port);
}

function host(target: ActionTarget, port: number, named: string | undefined): HostEndpoint {
  const local = !named || named === 'localhost' || named.startsWith('127.');
  return target.hostEndpoint(local ? target.podAddress : named, port);
}

/** Resolves with the outcome, also when it is late; never rejects. */
export async function runAction(handler: Handler, target: ActionTarget, timeoutMs: number): Promise<ActionResult> {
  try {
    if (handler.httpGet) return await httpGet(handler.httpGet, target, timeoutMs);
    if (handler.tcpSocket) {
      const port = portNumber(target.container, handler.tcpSocket.port);
      await connectTcp(host(target, port, handler.tcpSocket.host), timeoutMs);
      return { success: true, output: '' };
    }
    if (handler.exec) return await execute(handler.exec.command ?? [], target.running, timeoutMs);
    if (handler.grpc) return await grpcHealth(host(target, handler.grpc.port, undefined), handler.grpc.service ?? '', timeoutMs);
    if (handler.sleep) {
      const { seconds } = handler.sleep;
      await new Promise(resolve => setTimeout(resolve, Math.min(seconds * 1000, timeoutMs)));
      return { success: true, output: '' };
    }
    return { success: true, output: '' };
  } catch (error) {
    return { success: false, output: messageOf(error) };
  }
}

function httpGet(action: NonNullable<Handler['httpGet']>, target: ActionTarget, timeoutMs: number): Promise<ActionResult> {
  const port = portNumber(target.container, action.port);
  const endpoint = host(target, port, action.host);
  const secure = action.scheme?.toUpperCase() === 'HTTPS';
  const path = action.path?.startsWith('/') ? action.path : `/${action.path ?? ''}`;
  const url = `${secure ? 'https' : 'http'}://${action.host ?? target.podAddress}:${port}${path}`;
  const headers: Record<string, string> = {
    host: `${action.host ?? target.podAddress}:${port}`,
    'user-agent': 'kube-probe/1.34',
    accept: '*/*',
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  return new Promise(resolve => {
    const request = (secure ? httpsRequest : httpRequest)({
      ...endpoint,
      path,
      headers,
      agent: false,
      ...(secure ? { rejectUnauthorized: false } : {}),
    });
    const timer = setTimeout(() => {
      resolve({
        success: false,
        output: `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
      });
      request.destroy();
    }, timeoutMs);
    request.once('close', () => clearTimeout(timer));
    request.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'ECONNREFUSED' ? `dial tcp ${target.podAddress}:${port}: connect: connection refused` : messageOf(error);
      resolve({ success: false, output: `Get "${url}": ${reason}` });
    });
    request.once('response', response => {
      response.resume();
      const status = response.statusCode ?? 0;
      resolve(
        status >= 200 && status < 400
          ? { success: true, output: '' }
          : { success: false, output: `HTTP probe failed with statuscode: ${status}` },
      );
    });
    request.end();
  });
}

function connectTcp(endpoint: HostEndpoint, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(endpoint);
    const timer = setTimeout(
      () => socket.destroy(new Error(`dial tcp ${endpoint.host}:${endpoint.port}: i/o timeout`)),
      timeoutMs,
    );
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('close', () => clearTimeout(timer));
  });
}

async function execute(command: string[], running: RunningContainer, timeoutMs: number): Promise<ActionResult> {
  const session = await running.exec({ command, stdin: false, tty: false });
  let output = '';
  const take = (chunk: unknown): void => {
    if (output.length < OUTPUT_LIMIT) output += String(chunk);
  };
  session.stdout.on('data', take);
  session.stderr?.on('data', take);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    session.kill();
  }, timeoutMs);
  const { code } = await session.exit;
  clearTimeout(timer);
  if (late) return { success: false, output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` };
  return { success: code === 0, output: output.slice(0, OUTPUT_LIMIT).trim() };
}

/** grpc.health.v1.Health/Check over plain HTTP/2. */
function grpcHealth({ host: hostname, port }: HostEndpoint, service: string, timeoutMs: number): Promise<ActionResult> {
  const name = Buffer.from(service);
  const body = name.length > 0 ? Buffer.concat([Buffer.from([0x0a, name.length]), name]) : Buffer.alloc(0);
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]);
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${hostname}:${port}`);
    const timer = setTimeout(
      () => session.destroy(new Error(`timeout: failed to connect service within ${timeoutMs / 1000}s`)),
      timeoutMs,
    );
    session.once('close', () => clearTimeout(timer));
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.once('error', reject);
    stream.once('end', () => {
      const answer = Buffer.concat(chunks);
      // Field 1, a varint: 1 is SERVING.
      const serving = answer.length >= 7 && answer[5] === 8 && answer[6] === 1;
      resolve({
        success: serving,
        output: serving ? '' : `service unhealthy (responded with status "${answer[6] ?? 'UNKNOWN'}")`,
      });
      session.close();
    });
    stream.end(frame);
  });
}
