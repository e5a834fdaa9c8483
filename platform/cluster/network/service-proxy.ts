// Serves every service at its cluster address (and node port): a listener on this host for each port, balanced over ready endpoints.
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Logger, messageOf } from '../../core/index.ts';
import type { HostEndpoint } from './cluster-network.ts';
import { dialService, type EndpointDialer, type ServiceTarget } from './endpoint-connection.ts';
import type { Endpoint } from './service-table.ts';

/** Also where a cluster address is on this host. */
export interface HostDialer extends EndpointDialer {
  hostEndpoint(address: string, port: number): HostEndpoint;
}

interface Listener {
  server: Server;
  target: ServiceTarget & { affinity: boolean };
  opened: boolean;
}

export class ServiceProxy implements AsyncDisposable {
  readonly #dialer: HostDialer;
  readonly #logger: Logger;
  readonly #listeners = new Map<string, Listener>();
  readonly #sockets = new Set<Duplex>();
  #closed = false;

  constructor(dialer: HostDialer, logger: Logger) {
    this.#dialer = dialer;
    this.#logger = logger;
    dialer.table.onChange(() => this.#reconcile());
    this.#reconcile();
  }

  /** Resolves when every service that is known now is listened for, or could not be. */
  async listening(): Promise<void> {
    const opening = [...this.#listeners.values()].filter(({ opened }) => !opened);
    await Promise.all(
      opening.map(
        ({ server }) =>
          new Promise<void>(resolve => {
            server.once('listening', resolve);
            server.once('error', () => resolve());
            server.once('close', () => resolve());
          }),
      ),
    );
  }

  #wanted(): Map<string, { at: HostEndpoint; target: Listener['target'] }> {
    const wanted = new Map<string, { at: HostEndpoint; target: Listener['target'] }>();
    for (const { metadata, spec } of this.#dialer.table.services.list()) {
      const { clusterIP, ports = [], sessionAffinity } = spec;
      if (!clusterIP || clusterIP === 'None') continue;
      for (const { name: portName, port, nodePort, protocol = 'TCP' } of ports) {
        if (protocol !== 'TCP') continue;
        const target = {
          namespace: metadata.namespace ?? '',
          service: metadata.name ?? '',
          portName,
          affinity: sessionAffinity === 'ClientIP',
        };
        const places = [this.#dialer.hostEndpoint(clusterIP, port), ...(nodePort ? [{ host: '127.0.0.1', port: nodePort }] : [])];
        for (const at of places) wanted.set(`${at.host}:${at.port}`, { at, target });
      }
    }
    return wanted;
  }

  #reconcile(): void {
    if (this.#closed) return;
    const wanted = this.#wanted();
    for (const [key, { server }] of this.#listeners) {
      if (wanted.has(key)) continue;
      server.close();
      this.#listeners.delete(key);
    }
    for (const [key, { at, target }] of wanted) {
      const existing = this.#listeners.get(key);
      if (existing) existing.target = target;
      else this.#listen(key, at, target);
    }
  }

  #listen(key: string, at: HostEndpoint, target: Listener['target']): void {
    const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
    const listener: Listener = { server, target, opened: false };
    this.#listeners.set(key, listener);
    server.on('connection', client => void this.#forward(client, listener.target));
    server.on('error', error => {
      this.#logger.warn('a service address cannot be served', {
        service: target.service,
        address: key,
        reason: messageOf(error),
      });
      listener.opened = true;
    });
    server.listen({ ...at, exclusive: true }, () => {
      listener.opened = true;
    });
  }

  async #forward(client: Socket, { namespace, service, portName, affinity }: Listener['target']): Promise<void> {
    this.#track(client);
    client.on('error', () => client.destroy());
    // A pod's own address is kept as the source, as a real service keeps it.
    const source =
      client.remoteAddress?.startsWith('127.') && client.remoteAddress !== '127.0.0.1' ? client.remoteAddress : undefined;
    const upstream = await dialService(
      this.#dialer,
      { namespace, service, portName },
      {
        ...(source ? { localAddress: source } : {}),
        ...(affinity ? { prefer: endpoints => bySource(endpoints, client.remoteAddress ?? '') } : {}),
      },
    );
    if (!upstream || client.destroyed || this.#closed) {
      upstream?.destroy();
      client.resetAndDestroy();
      return;
    }
    this.#track(upstream);
    join(client, upstream);
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const closing = [...this.#listeners.values()].map(
      ({ server }) => new Promise<void>(resolve => void server.close(() => resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closing);
    this.#listeners.clear();
  }
}

/** Carries bytes both ways until both sides have ended. */
export function join(client: Socket, upstream: Duplex): void {
  const end = (): void => {
    client.destroy();
    upstream.destroy();
  };
  client.on('error', end);
  upstream.on('error', end);
  client.on('close', end);
  upstream.on('close', () => {
    if (!client.writableFinished) client.end();
  });
  client.pipe(upstream);
  upstream.pipe(client);
  client.resume();
}

function bySource(endpoints: Endpoint[], source: string): Endpoint[] {
  const sorted = [...endpoints].sort((a, b) => `${a.address}:${a.port}`.localeCompare(`${b.address}:${b.port}`));
  let hash = 0;
  for (const char of source) hash = (hash * 31 + char.charCodeAt(0)) >>> 0;
  const start = sorted.length > 0 ? hash % sorted.length : 0;
  return [...sorted.slice(start), ...sorted.slice(0, start)];
}
