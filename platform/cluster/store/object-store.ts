// The store itself: state, bounded history and watchers in memory; a backend makes the changes durable.

import { Collection } from './collection.ts';
import type { Store, StoredObject, StoredRecord, StoreEvent, StoreKey } from './store.ts';
import { StoreConflict, StoreExpired, StoreReadOnly } from './store.ts';
import { Watchers } from './watchers.ts';

/** Makes changes durable, in order. `append` resolves when the changes are on disk; absent: memory is all there is. */
export interface Backend {
  append(changes: readonly StoreEvent[]): Promise<void>;
  close(): Promise<void>;
}

const HISTORY_LIMIT = 10_000;
// What is cut off at once when the limit is passed, so that cutting costs nothing per write.
const HISTORY_SLACK = 1_000;

class Snapshot implements StoredRecord {
  readonly key: StoreKey;
  readonly revision: number;
  readonly object: StoredObject;
  #json: string | undefined;
  constructor(key: StoreKey, revision: number, object: StoredObject) {
    this.key = key;
    this.revision = revision;
    this.object = object;
  }
  get json(): string {
    return (this.#json ??= JSON.stringify(this.object));
  }
}

export class ObjectStore implements Store {
  readonly #collections = new Map<string, Collection>();
  readonly #watchers = new Watchers();
  readonly #backend: Backend | undefined;
  #history: StoreEvent[] = [];
  #revision: number;
  #durable: number;
  #oldest: number;
  #queue: StoreEvent[] = [];
  #flushing: Promise<void> | undefined;
  #failure: StoreReadOnly | undefined;

  constructor({
    backend,
    revision,
    objects,
  }: { backend?: Backend; revision: number; objects: Iterable<[StoreKey, StoredObject, number]> }) {
    this.#backend = backend;
    this.#revision = this.#durable = this.#oldest = revision;
    for (const [key, object, at] of objects) this.#collection(key.collection).set(new Snapshot(key, at, object));
  }

  get revision(): number {
    return this.#revision;
  }

  get durableRevision(): number {
    return this.#durable;
  }

  get oldestRevision(): number {
    return this.#oldest;
  }

  get(key: StoreKey): StoredRecord | undefined {
    return this.#collections.get(key.collection)?.get(key.namespace, key.name);
  }

  list(collection: string, namespace?: string): readonly StoredRecord[] {
    return this.#collections.get(collection)?.list(namespace) ?? [];
  }

  listAt(collection: string, namespace: string | undefined, revision: number): readonly StoredRecord[] {
    if (revision < this.#oldest) throw new StoreExpired(this.#oldest);
    const later = this.#history.slice(revision - this.#oldest).filter(event => event.record.key.collection === collection);
    if (later.length === 0) return this.list(collection, namespace);
    const past = Collection.of(this.list(collection));
    for (const event of later.reverse()) {
      if (event.previous) past.set(event.previous);
      else past.remove(event.record.key);
    }
    return past.list(namespace);
  }

  put(key: StoreKey, object: StoredObject, { expected }: { expected?: number } = {}): StoredRecord {
    const previous = this.#check(key, expected);
    object.metadata.resourceVersion = String(++this.#revision);
    const record = new Snapshot(key, this.#revision, object);
    this.#collection(key.collection).set(record);
    this.#record(previous ? { type: 'modified', record, previous } : { type: 'added', record });
    return record;
  }

  delete(key: StoreKey, { expected }: { expected?: number } = {}): StoredRecord {
    const previous = this.#check(key, expected);
    if (!previous) throw new StoreConflict(undefined);
    const resourceVersion = String(++this.#revision);
    const record = new Snapshot(key, this.#revision, {
      ...previous.object,
      metadata: { ...previous.object.metadata, resourceVersion },
    });
    this.#collection(key.collection).remove(key);
    this.#record({ type: 'deleted', record, previous });
    return record;
  }

  async durable(revision = this.#revision): Promise<void> {
    while (this.#durable < revision) {
      if (this.#failure) throw this.#failure;
      await this.#flushing;
    }
  }

  watch(
    collection: string,
    { since, signal }: { since: number; signal: AbortSignal },
    listener: (event: StoreEvent) => void,
  ): void {
    if (since < this.#oldest) throw new StoreExpired(this.#oldest);
    if (signal.aborted) return;
    for (const event of this.#history.slice(since - this.#oldest, this.#durable - this.#oldest)) {
      if (event.record.key.collection === collection) listener(event);
    }
    this.#watchers.add(collection, { since: Math.max(since, this.#durable), signal, listener });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const error = new StoreReadOnly('the store is closed');
    await this.#flushing;
    this.#failure ??= error;
    this.#watchers.clear();
    await this.#backend?.close();
  }

  #collection(name: string): Collection {
    let collection = this.#collections.get(name);
    if (!collection) this.#collections.set(name, (collection = new Collection()));
    return collection;
  }

  #check(key: StoreKey, expected: number | undefined): StoredRecord | undefined {
    if (this.#failure) throw this.#failure;
    const current = this.get(key);
    if (expected !== undefined && (current?.revision ?? 0) !== expected) throw new StoreConflict(current);
    return current;
  }

  #record(event: StoreEvent): void {
    this.#history.push(event);
    if (!this.#backend) {
      this.#durable = this.#revision;
      this.#trim();
      this.#watchers.notify(event);
      return;
    }
    this.#queue.push(event);
    this.#flushing ??= this.#flush(this.#backend);
  }

  async #flush(backend: Backend): Promise<void> {
    // Whatever is written in the same turn of the event loop shares one commit.
    await new Promise<void>(resolve => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        await backend.append(batch);
      } catch (error) {
        this.#takeBack(error);
        break;
      }
      this.#durable += batch.length;
      this.#trim();
      for (const event of batch) this.#watchers.notify(event);
      // Lets the waiting answers out before the next commit begins.
      await Promise.resolve();
    }
    this.#flushing = undefined;
  }

  #takeBack(cause: unknown): void {
    this.#failure = new StoreReadOnly('a write did not reach the disk; the store is read-only until the next start', { cause });
    this.#queue = [];
    const lost = this.#history.splice(this.#durable - this.#oldest);
    for (const event of lost.reverse()) {
      const collection = this.#collection(event.record.key.collection);
      if (event.previous) collection.set(event.previous);
      else collection.remove(event.record.key);
    }
  }

  #trim(): void {
    if (this.#history.length < HISTORY_LIMIT + HISTORY_SLACK) return;
    const excess = Math.min(this.#history.length - HISTORY_LIMIT, this.#durable - this.#oldest);
    this.#history = this.#history.slice(excess);
    this.#oldest += excess;
  }
}
