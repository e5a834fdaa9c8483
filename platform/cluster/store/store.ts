// What the API server asks of a store. The contract is the same for every backend; store.test.ts proves it on each.

export interface StoredObject {
  apiVersion: string;
  kind: string;
  metadata: Record<string, unknown> & { name: string; namespace?: string; resourceVersion?: string };
  [field: string]: unknown;
}

/** `collection` is GROUP/RESOURCE (core: /configmaps); `namespace` is '' for cluster-scoped objects. */
export interface StoreKey {
  collection: string;
  namespace: string;
  name: string;
}

/** One state of one object. Shared by all readers: never mutate it. */
export interface StoredRecord {
  readonly key: StoreKey;
  readonly revision: number;
  readonly object: StoredObject;
  /** The object as JSON, made once. */
  readonly json: string;
}

export interface StoreEvent {
  readonly type: 'added' | 'modified' | 'deleted';
  /** The state after the change; for a deletion the last state under the deletion's revision. */
  readonly record: StoredRecord;
  readonly previous?: StoredRecord;
}

interface WriteOptions {
  /** The revision that must be current; 0: the object must not exist; absent: whatever is there. */
  expected?: number;
}

/**
 * All reads are served from memory and synchronously, so that read-compute-write within one tick is atomic.
 * A write is visible to reads at once and durable when its promise resolves: whoever answers a client awaits `durable` first.
 * Watchers see durable writes only.
 */
export interface Store extends AsyncDisposable {
  /** The last assigned revision. Never goes back, also over restarts. */
  readonly revision: number;
  /** The oldest revision that a watch or a list may start from. */
  readonly oldestRevision: number;
  get(key: StoreKey): StoredRecord | undefined;
  /** Records ordered by namespace and name; those of one namespace when given. */
  list(collection: string, namespace?: string): readonly StoredRecord[];
  /** The list as it was at `revision`. @throws StoreExpired when history does not reach back that far. */
  listAt(collection: string, namespace: string | undefined, revision: number): readonly StoredRecord[];
  /**
   * Creates or replaces an object and stamps its metadata.resourceVersion (the object is owned by the store from here on).
   * @throws StoreConflict when `expected` does not hold, StoreReadOnly after a failed write.
   */
  put(key: StoreKey, object: StoredObject, options?: WriteOptions): StoredRecord;
  /** Deletes an object; answers its last state under the new revision. @throws StoreConflict (also when missing), StoreReadOnly. */
  delete(key: StoreKey, options?: WriteOptions): StoredRecord;
  /** Resolves when everything up to `revision` (default: all that was written) is on disk. @throws StoreReadOnly when it cannot be. */
  durable(revision?: number): Promise<void>;
  /**
   * Calls `listener` for every change of the collection after revision `since`, in order, without gap or duplicate, until the signal aborts.
   * History is delivered before this returns. The listener must not throw. @throws StoreExpired when history does not reach back.
   */
  watch(collection: string, options: { since: number; signal: AbortSignal }, listener: (event: StoreEvent) => void): void;
  /** The last durable revision: what watchers have been told. */
  readonly durableRevision: number;
}

/** The precondition of a write did not hold. */
export class StoreConflict extends Error {
  readonly current: StoredRecord | undefined;
  constructor(current: StoredRecord | undefined) {
    super(current ? 'the object exists in another revision' : 'the object does not exist');
    this.current = current;
  }
}

/** The revision asked for is older than the kept history. */
export class StoreExpired extends Error {
  readonly oldest: number;
  constructor(oldest: number) {
    super(`history starts at revision ${oldest}`);
    this.oldest = oldest;
  }
}

/** A write failed to reach the disk; what was not durable has been taken back and no further write is accepted. */
export class StoreReadOnly extends Error {}
