// A TCP connection to whichever endpoint of a service takes it: the next one when one refuses, a short wait between two versions.
import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { HostEndpoint } from './cluster-network.ts';
import type { Endpoint, ServiceTable } from './service-table.ts';

export interface ServiceTarget {
  namespace: string;
  service: string;
  portName: string | undefined;
}

/** What is ready behind services, and how to get a connection to it. */
export interface EndpointDialer {
  table: ServiceTable;
  /** @throws when the endpoint does not take the connection */
  connect(endpoint: Endpoint, options?: { localAddress?: string }): Promise<Duplex>;
}

/** How long a connection may wait for an endpoint that takes it while a service is between two versions. */
export const HANDOVER_WAIT_MS = 5_000;
const RETRY_MS = 50;

/** @throws the system's error when the connection is refused */
export function dial({ host, port }: HostEndpoint, localAddress?: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host,
      port,
      noDelay: true,
      allowHalfOpen: true,
      ...(localAddress ? { localAddress } : {}),
    });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

/** Undefined when the service has no endpoint, or none that takes the connection in time. */
export async function dialService(
  { table, connect }: EndpointDialer,
  { namespace, service, portName }: ServiceTarget,
  { localAddress, prefer }: { localAddress?: string; prefer?: (endpoints: Endpoint[]) => Endpoint[] } = {},
): Promise<Duplex | undefined> {
  const deadline = performance.now() + HANDOVER_WAIT_MS;
  for (;;) {
    const endpoints = table.endpoints(namespace, service, portName);
    for (const endpoint of prefer?.(endpoints) ?? endpoints) {
      try {
        return await connect(endpoint, localAddress ? { localAddress } : {});
      } catch {
        // The next endpoint may take it.
      }
    }
    const left = deadline - performance.now();
    if (left <= 0 || (endpoints.length === 0 && !table.inHandover(namespace, service))) return undefined;
    await table.changed(Math.min(left, RETRY_MS));
  }
}
