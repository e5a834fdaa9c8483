// The ingress for any cluster: needs its API and a way to connect to a pod, no privileges and no controller in it.
import { setMaxListeners } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Logger } from '../../core/index.ts';
import { Informer, type KubeClient } from '../../kube/index.ts';
import type { EndpointDialer } from './endpoint-connection.ts';
import { IngressProxy } from './ingress-proxy.ts';
import { publishIngressAddress } from './ingress-status.ts';
import type { Ingress } from './kinds.ts';
import { type Endpoint, ServiceTable } from './service-table.ts';
import { Teardown } from './teardown.ts';

export interface IngressOptions {
  client: KubeClient;
  /** On 127.0.0.1, and on ::1 where that can be; 0 takes a free one. */
  port: number;
  /** A connection to an endpoint. @throws when it does not take one; then the next endpoint is tried */
  connect(endpoint: Endpoint): Promise<Duplex>;
  logger: Logger;
}

export interface RunningIngress extends AsyncDisposable {
  readonly port: number;
}

/**
 * Serves every Ingress that names no class: others belong to a controller in the cluster. Balances over ready endpoints, tries the
 * next one when one refuses, and waits a moment between two versions. Resolves when routes and endpoints are known. @throws PORT_IN_USE
 */
export async function startIngress({ client, port, connect, logger }: IngressOptions): Promise<RunningIngress> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const stack = new Teardown();
  stack.defer(() => stop.abort());
  try {
    const table = new ServiceTable(client, { signal: stop.signal });
    const dialer = { table, connect };
    const ingress = stack.use(
      await serveIngresses(client, { port, dialer, logger, signal: stop.signal, serves: ({ spec }) => !spec.ingressClassName }),
    );
    await Promise.all([table.synced(), ingress.synced()]);
    return { port: ingress.port, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

interface ServeOptions {
  port: number;
  dialer: EndpointDialer;
  logger: Logger;
  signal: AbortSignal;
  serves?: (ingress: Ingress) => boolean;
}

/** The listening proxy over a watch of Ingress objects, whose addresses are published. */
export async function serveIngresses(
  client: KubeClient,
  { port, dialer, logger, signal, serves = () => true }: ServeOptions,
): Promise<RunningIngress & { synced(): Promise<void>; drain(address: string): void }> {
  const ingresses = new Informer<Ingress>(client, { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }, { signal });
  const proxy = await IngressProxy.start(port, { dialer, ingresses: () => ingresses.list().filter(serves), logger });
  ingresses.onChange(({ type, object }) => {
    if (type !== 'deleted' && serves(object)) void publishIngressAddress(client, object, { logger, signal });
  });
  return {
    port: proxy.port,
    synced: () => ingresses.synced(),
    drain: address => proxy.drain(address),
    [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
  };
}
