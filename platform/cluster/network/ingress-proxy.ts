// The ingress: HTTP and WebSockets by host and path to ready pods, without dropping a request while pods are replaced.
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { DarumaError, type Logger, messageOf } from '../../core/index.ts';
import { EndpointAgent } from './endpoint-agent.ts';
import { dialService, type EndpointDialer, HANDOVER_WAIT_MS } from './endpoint-connection.ts';
import { type IngressRoute, routeFor } from './ingress-routes.ts';
import type { Ingress, ServicePort } from './kinds.ts';
import { join } from './service-proxy.ts';
import type { Endpoint } from './service-table.ts';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
const RETRY_MS = 50;

interface IngressProxyOptions {
  dialer: EndpointDialer;
  ingresses: () => readonly Ingress[];
  logger: Logger;
}

/** `refused`: nothing of the request was seen by anyone, so it can go elsewhere. */
type Attempt = 'answered' | 'refused' | 'failed';

export class IngressProxy implements AsyncDisposable {
  readonly #options: IngressProxyOptions;
  readonly #agent: EndpointAgent;
  /** For requests with a body: it is sent once, so it never goes into a connection that the other side may be closing. */
  readonly #freshAgent: EndpointAgent;
  readonly #servers: Server[] = [];
  readonly #upgraded = new Set<Duplex>();

  private constructor(options: IngressProxyOptions) {
    this.#options = options;
    this.#agent = new EndpointAgent(options.dialer, { keepAlive: true });
    this.#freshAgent = new EndpointAgent(options.dialer, { keepAlive: false });
  }

  /** Listens on 127.0.0.1, and on ::1 where that can be. @throws DarumaError PORT_IN_USE */
  static async start(port: number, options: IngressProxyOptions): Promise<IngressProxy> {
    const proxy = new IngressProxy(options);
    try {
      const taken = await proxy.#listen('127.0.0.1', port);
      await proxy.#listen('::1', taken).catch(() => {});
    } catch (error) {
      await proxy[Symbol.asyncDispose]();
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      throw new DarumaError('PORT_IN_USE', `port ${port} for the ingress is taken by another program`, {
        hint: 'stop that program or choose another port',
        cause: error,
      });
    }
    return proxy;
  }

  get port(): number {
    return (this.#servers[0]?.address() as AddressInfo | undefined)?.port ?? 0;
  }

  /** Closes connections to a pod that carry no request now. */
  drain(address: string): void {
    this.#agent.drain(address);
  }

  async #listen(host: string, port: number): Promise<number> {
    const server = createServer({ keepAliveTimeout: 65_000, requestTimeout: 0, noDelay: true });
    server.on('request', (incoming, response) => void this.#serve(incoming, response));
    server.on('upgrade', (incoming, socket, head) => void this.#upgrade(incoming, socket as Socket, head));
    server.on('clientError', (_error, socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host, port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  #target(incoming: IncomingMessage): { route?: IngressRoute; port?: ServicePort } {
    const route = routeFor(this.#options.ingresses(), incoming.headers.host ?? '', incoming.url ?? '/');
    const port = route && this.#options.dialer.table.port(route.namespace, route.service, route.port);
    return { ...(route ? { route } : {}), ...(port ? { port } : {}) };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { table } = this.#options.dialer;
    incoming.on('error', () => {});
    response.on('error', () => {});
    const { route, port } = this.#target(incoming);
    if (!route)
      return refuse(response, 404, `no ingress has a rule for ${incoming.headers.host ?? 'this host'}${incoming.url ?? ''}`);
    if (!port) return refuse(response, 503, `service ${route.service} of namespace ${route.namespace} has no such port`);
    const deadline = performance.now() + HANDOVER_WAIT_MS;
    for (;;) {
      const endpoints = table.endpoints(route.namespace, route.service, port.name);
      for (const endpoint of endpoints) {
        const attempt = await this.#attempt(incoming, response, endpoint);
        if (attempt === 'answered') return;
        if (attempt === 'failed') return refuse(response, 502, `a pod of service ${route.service} closed the connection`);
      }
      const left = deadline - performance.now();
      const mayCome = endpoints.length > 0 || table.inHandover(route.namespace, route.service);
      if (response.destroyed) return;
      if (left <= 0 || !mayCome)
        return refuse(response, 503, `service ${route.service} of namespace ${route.namespace} has no ready pod`);
      await table.changed(Math.min(left, RETRY_MS));
    }
  }

  #attempt(incoming: IncomingMessage, response: ServerResponse, endpoint: Endpoint): Promise<Attempt> {
    const hasBody = incoming.headers['content-length'] !== undefined || incoming.headers['transfer-encoding'] !== undefined;
    const repeatable = !hasBody && /^(GET|HEAD|OPTIONS)$/.test(incoming.method ?? '');
    return new Promise(resolve => {
      let connected = false;
      const upstream = request({
        ...EndpointAgent.place(endpoint),
        method: incoming.method,
        path: incoming.url,
        headers: forwardedHeaders(incoming),
        agent: hasBody ? this.#freshAgent : this.#agent,
      });
      const abort = (): void => void upstream.destroy();
      response.once('close', abort);
      const settle = (attempt: Attempt): void => {
        response.off('close', abort);
        resolve(attempt);
      };
      upstream.once('socket', socket => {
        const send = (): void => {
          connected = true;
          if (hasBody) incoming.pipe(upstream);
          else upstream.end();
        };
        if (socket.connecting) socket.once('connect', send);
        else send();
      });
      upstream.once('response', answer => {
        response.writeHead(answer.statusCode ?? 502, answer.statusMessage, endToEnd(answer.rawHeaders));
        answer.pipe(response);
        answer.once('error', () => response.destroy());
        answer.once('close', () => {
          if (!answer.complete) response.destroy();
          settle('answered');
        });
      });
      upstream.on('error', () => {
        if (response.headersSent) settle('answered');
        else if (response.destroyed) settle('answered');
        else settle(!connected || repeatable ? 'refused' : 'failed');
      });
    });
  }

  async #upgrade(incoming: IncomingMessage, client: Socket, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    this.#upgraded.add(client);
    client.once('close', () => this.#upgraded.delete(client));
    const { route, port } = this.#target(incoming);
    try {
      const upstream =
        route && port
          ? await dialService(this.#options.dialer, { namespace: route.namespace, service: route.service, portName: port.name })
          : undefined;
      if (!upstream) {
        client.end(
          `HTTP/1.1 ${route ? '503 Service Unavailable' : '404 Not Found'}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
        );
        return;
      }
      if (client.destroyed) {
        upstream.destroy();
        return;
      }
      const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
      for (let i = 0; i < incoming.rawHeaders.length; i += 2)
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
      for (const [name, value] of forwarding(incoming)) lines.push(`${name}: ${value}`);
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      if (head.length > 0) upstream.write(head);
      join(client, upstream);
    } catch (error) {
      this.#options.logger.debug('an upgrade through the ingress failed', { reason: messageOf(error) });
      client.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closing = this.#servers.map(server => new Promise<void>(resolve => void server.close(() => resolve())));
    for (const server of this.#servers) server.closeAllConnections();
    for (const socket of this.#upgraded) socket.destroy();
    this.#agent.destroy();
    this.#freshAgent.destroy();
    await Promise.all(closing);
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${message}\n`);
}

function forwarding(incoming: IncomingMessage): [string, string][] {
  const client = (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const before = incoming.headers['x-forwarded-for'];
  return [
    ['x-forwarded-for', before ? `${String(before)}, ${client}` : client],
    ['x-forwarded-host', incoming.headers.host ?? ''],
    ['x-forwarded-proto', 'http'],
    ['x-real-ip', client],
  ];
}

function endToEnd(rawHeaders: string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '');
  }
  return kept;
}

function forwardedHeaders(incoming: IncomingMessage): string[] {
  const forwarded = forwarding(incoming);
  const replaced = new Set(forwarded.map(([name]) => name));
  const kept: string[] = [];
  const own = endToEnd(incoming.rawHeaders);
  for (let i = 0; i < own.length; i += 2)
    if (!replaced.has((own[i] ?? '').toLowerCase())) kept.push(own[i] ?? '', own[i + 1] ?? '');
  for (const [name, value] of forwarded) kept.push(name, value);
  if (incoming.headers['transfer-encoding'] !== undefined) kept.push('transfer-encoding', 'chunked');
  return kept;
}
