// Composes a cluster's network on this host: addresses, service proxy, DNS and ingress.
import { setMaxListeners } from 'node:events';
import { assetPath, type Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import { claimAddresses } from './address-claim.ts';
import { toHost } from './addresses.ts';
import type { ClusterNetwork, PodEnvironmentOptions } from './cluster-network.ts';
import { CLUSTER_DOMAIN, DnsServer } from './dns-server.ts';
import { dial, type EndpointDialer } from './endpoint-connection.ts';
import { PodAddresses } from './pod-addresses.ts';
import { ServiceProxy } from './service-proxy.ts';
import { ServiceTable } from './service-table.ts';
import { serveIngresses } from './start-ingress.ts';
import { Teardown } from './teardown.ts';

const NODE_ADDRESS = '10.244.0.1';
const DNS_ADDRESS = '10.96.0.10';

export interface NetworkOptions {
  client: KubeClient;
  /** 0 takes a free port; absent: no ingress. */
  ingressPort?: number;
  /** Where pods reach the API server by the service `kubernetes`. */
  apiUrl?: string;
  logger: Logger;
}

/** Serves until it is disposed of. @throws DarumaError PORT_IN_USE for the ingress port, CONFLICT when this host has no addresses left */
export async function startNetwork({
  client,
  ingressPort,
  apiUrl,
  logger,
}: NetworkOptions): Promise<ClusterNetwork & AsyncDisposable> {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const stack = new Teardown();
  stack.defer(() => stop.abort());
  try {
    const { map } = stack.use(await claimAddresses(NODE_ADDRESS));
    const hostEndpoint = (address: string, port: number) => toHost(map, address, port);
    const table = new ServiceTable(client, { signal: stop.signal, ...(apiUrl ? { apiEndpoint: apiEndpointOf(apiUrl) } : {}) });
    const dialer: EndpointDialer = {
      table,
      connect: ({ address, port }, { localAddress } = {}) => dial(hostEndpoint(address, port), localAddress),
    };
    const proxy = stack.use(new ServiceProxy({ ...dialer, hostEndpoint }, logger));
    stack.use(await DnsServer.start(table, hostEndpoint(DNS_ADDRESS, 53), logger));
    const ingress =
      ingressPort === undefined
        ? undefined
        : stack.use(await serveIngresses(client, { port: ingressPort, dialer, logger, signal: stop.signal }));
    await Promise.all([table.synced(), ingress?.synced()]);
    await proxy.listening();
    const addresses = new PodAddresses();
    const shimPath = assetPath('dist/network-shim.cjs');
    return {
      ingressPort: ingress?.port ?? 0,
      nodeAddress: NODE_ADDRESS,
      dnsAddress: DNS_ADDRESS,
      shimPath,
      hostEndpoint,
      allocatePodAddress(uid, wanted) {
        const address = addresses.allocate(uid, wanted);
        table.undrain(address);
        return address;
      },
      releasePodAddress: uid => void addresses.release(uid),
      podEnvironment: options => podEnvironment(options, { map, dns: hostEndpoint(DNS_ADDRESS, 53), shimPath }),
      drain(address) {
        table.drain(address);
        ingress?.drain(address);
      },
      [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
    };
  } catch (error) {
    await stack[Symbol.asyncDispose]();
    throw error;
  }
}

function apiEndpointOf(apiUrl: string): { address: string; port: number } {
  const { hostname, port, protocol } = new URL(apiUrl);
  return { address: hostname, port: Number(port) || (protocol === 'http:' ? 80 : 443) };
}

function podEnvironment(
  { address, namespace, hostname, shimPath, nodeOptions }: PodEnvironmentOptions,
  network: { map: object; dns: { host: string; port: number }; shimPath: string },
): Record<string, string> {
  const search = [`${namespace}.svc.${CLUSTER_DOMAIN}`, `svc.${CLUSTER_DOMAIN}`, CLUSTER_DOMAIN];
  const path = shimPath ?? network.shimPath;
  const preload = `--require ${/[\s"]/.test(path) ? JSON.stringify(path) : path}`;
  return {
    HOSTNAME: hostname,
    DARUMA_POD_IP: address,
    DARUMA_NETWORK: JSON.stringify({ map: network.map, dns: `${network.dns.host}:${network.dns.port}`, search }),
    NODE_OPTIONS: nodeOptions ? `${preload} ${nodeOptions}` : preload,
  };
}
