// What runs behind each service right now: ready endpoints by service port, kept from watches and from the node's own word.
import { EventEmitter, once } from 'node:events';
import { Informer, type KubeClient } from '../../kube/index.ts';
import type { EndpointSlice, Service, ServicePort } from './kinds.ts';

/** A pod address and port, or any other address outside the cluster. */
export interface Endpoint {
  address: string;
  port: number;
  hostname?: string;
  /** The pod behind the address, where there is one. */
  pod?: { namespace: string; name: string };
}

/** How long after its last endpoint went a service counts as between two versions and not as down. */
const HANDOVER_MS = 5_000;

export class ServiceTable {
  readonly services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #changes = new EventEmitter().setMaxListeners(0);
  readonly #slicesOf = new Map<string, Map<string, EndpointSlice>>();
  readonly #drained = new Set<string>();
  readonly #lastReady = new Map<string, number>();
  readonly #turns = new Map<string, number>();
  readonly #apiEndpoint: Endpoint | undefined;

  constructor(client: KubeClient, { signal, apiEndpoint }: { signal: AbortSignal; apiEndpoint?: Endpoint }) {
    this.#apiEndpoint = apiEndpoint;
    this.services = new Informer<Service>(client, { apiVersion: 'v1', kind: 'Service' }, { signal });
    this.#slices = new Informer<EndpointSlice>(client, { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' }, { signal });
    this.services.onChange(() => this.#changes.emit('change'));
    this.#slices.onChange(({ type, object }) => this.#takeSlice(object, type === 'deleted'));
  }

  async synced(): Promise<void> {
    await Promise.all([this.services.synced(), this.#slices.synced()]);
  }

  onChange(listener: () => void): void {
    this.#changes.on('change', listener);
  }

  /** Resolves at the next change, or after `timeoutMs`. */
  async changed(timeoutMs: number): Promise<void> {
    const deadline = AbortSignal.timeout(Math.max(1, timeoutMs));
    await once(this.#changes, 'change', { signal: deadline }).catch(() => {});
  }

  /** The port of a service by its number or name. */
  port(namespace: string, name: string, port: { number?: number; name?: string }): ServicePort | undefined {
    const ports = this.services.get(namespace, name)?.spec.ports ?? [];
    return ports.find(candidate => (port.name ? candidate.name === port.name : candidate.port === port.number));
  }

  /** Ready endpoints of a service port; each call begins with the next one. */
  endpoints(namespace: string, name: string, portName: string | undefined): Endpoint[] {
    const found = this.all(namespace, name, portName);
    const key = `${namespace}/${name}`;
    const turn = (this.#turns.get(key) ?? 0) + 1;
    this.#turns.set(key, turn);
    const start = found.length > 0 ? turn % found.length : 0;
    return [...found.slice(start), ...found.slice(0, start)];
  }

  /** Ready endpoints in a stable order. */
  all(namespace: string, name: string, portName: string | undefined): Endpoint[] {
    if (this.#apiEndpoint && namespace === 'default' && name === 'kubernetes') return [this.#apiEndpoint];
    const unready = this.services.get(namespace, name)?.spec.publishNotReadyAddresses === true;
    const found = new Map<string, Endpoint>();
    for (const slice of this.#slicesOf.get(`${namespace}/${name}`)?.values() ?? []) {
      for (const { port, name: sliceName, protocol } of slice.ports ?? [{ port: 0, name: portName }]) {
        if ((sliceName ?? '') !== (portName ?? '') || port === undefined || (protocol ?? 'TCP') !== 'TCP') continue;
        for (const { addresses, conditions, hostname, targetRef } of slice.endpoints ?? []) {
          const address = addresses[0];
          if (!address || this.#drained.has(address) || (conditions?.ready === false && !unready)) continue;
          const pod = targetRef?.kind === 'Pod' && targetRef.name ? { namespace, name: targetRef.name } : undefined;
          found.set(`${address}:${port}`, { address, port, ...(hostname ? { hostname } : {}), ...(pod ? { pod } : {}) });
        }
      }
    }
    return [...found.values()];
  }

  /** Whether the service had endpoints a moment ago, so that waiting for the next ones is better than refusing. */
  inHandover(namespace: string, name: string): boolean {
    const last = this.#lastReady.get(`${namespace}/${name}`);
    return last !== undefined && performance.now() - last < HANDOVER_MS;
  }

  drain(address: string): void {
    for (const [key, slices] of this.#slicesOf) if (this.#holds(slices, address)) this.#lastReady.set(key, performance.now());
    this.#drained.add(address);
    this.#changes.emit('change');
  }

  undrain(address: string): void {
    this.#drained.delete(address);
  }

  #holds(slices: Map<string, EndpointSlice>, address?: string): boolean {
    for (const { endpoints } of slices.values()) {
      for (const { addresses, conditions } of endpoints ?? []) {
        const own = addresses[0] ?? '';
        if (conditions?.ready !== false && !this.#drained.has(own) && (address === undefined || own === address)) return true;
      }
    }
    return false;
  }

  #takeSlice(slice: EndpointSlice, gone: boolean): void {
    const { namespace, name = '', labels } = slice.metadata;
    const service = labels?.['kubernetes.io/service-name'];
    if (!service) return;
    const key = `${namespace}/${service}`;
    const slices = this.#slicesOf.get(key) ?? new Map<string, EndpointSlice>();
    if (this.#holds(slices)) this.#lastReady.set(key, performance.now());
    if (gone) slices.delete(name);
    else slices.set(name, slice);
    if (slices.size > 0) this.#slicesOf.set(key, slices);
    else this.#slicesOf.delete(key);
    this.#changes.emit('change');
  }
}
