// One cache for each kind, shared by all controllers of a process and started when the first one asks for it.
import type { Logger } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import { ObjectCache, type ResourceType } from './object-cache.ts';

export class Caches {
  readonly #options: { client: KubeClient; signal: AbortSignal; logger: Logger };
  readonly #caches = new Map<string, { cache: ObjectCache<KubeObject>; abort: AbortController }>();

  constructor(options: { client: KubeClient; signal: AbortSignal; logger: Logger }) {
    this.#options = options;
  }

  /** The cache of a kind in all namespaces. */
  of<T extends KubeObject>(type: ResourceType): ObjectCache<T> {
    const key = `${type.apiVersion}/${type.kind}`;
    let entry = this.#caches.get(key);
    if (!entry) {
      const { client, logger, signal } = this.#options;
      const abort = new AbortController();
      const stop = AbortSignal.any([signal, abort.signal]);
      const { apiVersion, kind } = type;
      entry = { cache: new ObjectCache<KubeObject>({ client, logger, signal: stop, type: { apiVersion, kind } }), abort };
      this.#caches.set(key, entry);
    }
    return entry.cache as unknown as ObjectCache<T>;
  }

  /** Stops following a kind that is no longer served; its objects count as deleted. */
  end(type: ResourceType): void {
    const key = `${type.apiVersion}/${type.kind}`;
    const entry = this.#caches.get(key);
    this.#caches.delete(key);
    entry?.abort.abort();
    entry?.cache.clear();
  }

  /** Resolves when every cache that was asked for so far holds its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#caches.values()].map(({ cache }) => cache.synced()));
  }
}
