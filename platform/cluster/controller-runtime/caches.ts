// One cache for each kind, shared by all controllers of a process and started when the first one asks for it.
import type { Logger } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import { ObjectCache, type ResourceType } from './object-cache.ts';

export class Caches {
  readonly #options: { client: KubeClient; signal: AbortSignal; logger: Logger };
  readonly #caches = new Map<string, ObjectCache<KubeObject>>();

  constructor(options: { client: KubeClient; signal: AbortSignal; logger: Logger }) {
    this.#options = options;
  }

  /** The cache of a kind in all namespaces, or of that part which a field selector names. */
  of<T extends KubeObject>(type: ResourceType, { fieldSelector }: { fieldSelector?: string } = {}): ObjectCache<T> {
    const key = `${type.apiVersion}/${type.kind}?${fieldSelector ?? ''}`;
    let cache = this.#caches.get(key);
    if (!cache) {
      cache = new ObjectCache<KubeObject>({ ...this.#options, type, ...(fieldSelector ? { fieldSelector } : {}) });
      this.#caches.set(key, cache);
    }
    return cache as unknown as ObjectCache<T>;
  }

  /** Resolves when every cache that was asked for so far holds its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#caches.values()].map(cache => cache.synced()));
  }
}
