// A cache of a collection that follows its watch: lists once, resumes from the last version, lists again when that is too old.
import { type Clock, systemClock } from '../core/index.ts';
import type { KubeClient } from './client.ts';
import { isApiError } from './errors.ts';
import type { KubeObject, ResourceKind } from './types.ts';

export type InformerEvent<T extends KubeObject> =
  | { type: 'added'; object: T }
  | { type: 'modified'; object: T; previous: T }
  | { type: 'deleted'; object: T };

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ends the informer. */
  signal: AbortSignal;
  clock?: Clock;
  /** Told of each broken list or watch; it is tried again with back-off up to 10 s. */
  onError?: (error: unknown) => void;
}

const FIRST_DELAY_MS = 50;
const LONGEST_DELAY_MS = 10_000;

/** Objects in the cache are shared: readers must not change them. Listeners are called in order, after the cache holds the change. */
export class Informer<T extends KubeObject = KubeObject> {
  readonly kind: ResourceKind;
  readonly #client: KubeClient;
  readonly #options: InformerOptions;
  readonly #clock: Clock;
  readonly #objects = new Map<string, T>();
  readonly #listeners = new Set<(event: InformerEvent<T>) => void>();
  readonly #synced: Promise<void>;
  #markSynced = () => {};
  #resourceVersion: string | undefined;

  constructor(client: KubeClient, kind: ResourceKind, options: InformerOptions) {
    this.#client = client;
    this.kind = kind;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#synced = new Promise(resolve => {
      this.#markSynced = resolve;
    });
    void this.#run();
  }

  /** Resolves when the first list is in the cache, or the informer was ended. */
  synced(): Promise<void> {
    return this.#synced;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(`${namespace ?? ''}/${name}`);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  /** Calls `listener` for what is in the cache (as added) and for every later change; returns a function that ends it. */
  onChange(listener: (event: InformerEvent<T>) => void): () => void {
    this.#listeners.add(listener);
    for (const object of this.list()) listener({ type: 'added', object });
    return () => this.#listeners.delete(listener);
  }

  async #run(): Promise<void> {
    const { signal } = this.#options;
    let delayMs = FIRST_DELAY_MS;
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#relist();
        delayMs = FIRST_DELAY_MS;
        await this.#follow();
        if (this.#resourceVersion === undefined) await this.#clock.sleep(FIRST_DELAY_MS, { signal });
      } catch (error) {
        if (signal.aborted) break;
        if (isApiError(error, 410)) this.#resourceVersion = undefined;
        else {
          this.#options.onError?.(error);
          await this.#clock.sleep(delayMs, { signal }).catch(() => {});
          delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
        }
      }
    }
    this.#markSynced();
    this.#listeners.clear();
  }

  async #relist(): Promise<void> {
    const { items, resourceVersion } = await this.#client.list<T>(this.kind, this.#options);
    const present = new Set(items.map(keyOf));
    for (const [key, object] of this.#objects) if (!present.has(key)) this.#remove(key, object);
    for (const object of items) this.#put(object);
    this.#resourceVersion = resourceVersion;
    this.#markSynced();
  }

  async #follow(): Promise<void> {
    const { namespace, labelSelector, fieldSelector, signal } = this.#options;
    for await (const event of this.#client.watch<T>(this.kind, {
      namespace,
      labelSelector,
      fieldSelector,
      signal,
      resourceVersion: this.#resourceVersion,
    })) {
      switch (event.type) {
        case 'ADDED':
        case 'MODIFIED':
          this.#put(event.object);
          break;
        case 'DELETED':
          this.#remove(keyOf(event.object), event.object);
          break;
        case 'BOOKMARK':
          break;
        case 'ERROR':
          // Whatever the reason, a fresh list mends it.
          this.#resourceVersion = undefined;
          return;
      }
      this.#resourceVersion = event.object.metadata.resourceVersion;
    }
  }

  #put(object: T): void {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous?.metadata.resourceVersion === object.metadata.resourceVersion && previous?.metadata.uid === object.metadata.uid)
      return;
    object.apiVersion ??= this.kind.apiVersion;
    object.kind ??= this.kind.kind;
    this.#objects.set(key, object);
    if (previous && previous.metadata.uid !== object.metadata.uid) {
      this.#notify({ type: 'deleted', object: previous });
      this.#notify({ type: 'added', object });
    } else this.#notify(previous ? { type: 'modified', object, previous } : { type: 'added', object });
  }

  #remove(key: string, object: T): void {
    if (this.#objects.delete(key)) this.#notify({ type: 'deleted', object });
  }

  #notify(event: InformerEvent<T>): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
}
