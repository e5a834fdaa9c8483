// A shared cache of one kind that already holds what its own process wrote, so that no controller acts twice on stale data.
import type { Logger } from '../../core/index.ts';
import { messageOf } from '../../core/index.ts';
import { Informer, type KubeClient, type KubeObject } from '../../kube/index.ts';
import { isNotFound } from './api-errors.ts';

/** `next` is absent when the object is gone, `previous` when it is new. */
export type ChangeListener<T> = (next: T | undefined, previous: T | undefined) => void;

export interface ResourceType {
  apiVersion: string;
  kind: string;
}

interface CacheOptions {
  client: KubeClient;
  type: ResourceType;
  signal: AbortSignal;
  logger: Logger;
}

interface DeleteOptions {
  propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  gracePeriodSeconds?: number;
}

// How long a written object may stay unseen by the watch before it is looked up.
const UNSEEN_LIMIT_MS = 30_000;
const REMEMBERED_GONE = 20_000;

function keyOf(namespace: string | undefined, name: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

function versionOf(object: KubeObject): number {
  return Number(object.metadata.resourceVersion ?? 0);
}

/**
 * Reads answer from memory; objects are shared, so nobody may change them. Writes go to the API server and their answers enter the
 * cache at once; what the watch then tells is ignored unless it is newer. Resource versions must be ordered numbers.
 */
export class ObjectCache<T extends KubeObject> {
  readonly type: ResourceType;
  readonly #client: KubeClient;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #informer: Informer<T>;
  readonly #objects = new Map<string, T>();
  readonly #byNamespace = new Map<string, Map<string, T>>();
  readonly #byOwner = new Map<string, Map<string, T>>();
  readonly #gone = new Set<string>();
  readonly #unseen = new Map<string, T>();
  readonly #listeners: ChangeListener<T>[] = [];
  #unseenTimer: NodeJS.Timeout | undefined;

  constructor({ client, type, signal, logger }: CacheOptions) {
    this.type = type;
    this.#client = client;
    this.#logger = logger;
    this.#signal = signal;
    this.#informer = new Informer<T>(client, type, { signal });
    signal.addEventListener('abort', () => clearTimeout(this.#unseenTimer), { once: true });
    this.#informer.onChange(event => {
      const uid = event.object.metadata.uid ?? '';
      this.#unseen.delete(uid);
      if (event.type === 'deleted') {
        this.#markGone(uid);
        this.#remove(event.object);
      } else if (!this.#gone.has(uid)) this.#put(event.object);
    });
  }

  synced(): Promise<void> {
    return this.#informer.synced();
  }

  /** The listener hears every change from now on, and each object that is there already. */
  onChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
    for (const object of this.#objects.values()) this.#tell(listener, object, undefined);
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(keyOf(namespace, name));
  }

  /** By the key `namespace/name`, or `name` for a cluster-wide kind. */
  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): T[] {
    return [...((namespace === undefined ? this.#objects : this.#byNamespace.get(namespace))?.values() ?? [])];
  }

  /** Objects that name this uid among their owners. */
  ownedBy(uid: string): T[] {
    return [...(this.#byOwner.get(uid)?.values() ?? [])];
  }

  async create(object: T): Promise<T> {
    return this.#record((await this.#client.create(object)) as T);
  }

  /** Replaces the object, refused with Conflict when it is not the newest. */
  async update(object: T, { subresource }: { subresource?: string } = {}): Promise<T> {
    return this.#record((await this.#client.update(object, subresource ? { subresource } : {})) as T);
  }

  /** A JSON merge patch. */
  async patch(object: T, body: unknown, { subresource }: { subresource?: string } = {}): Promise<T> {
    const ref = { ...this.type, ...nameOf(object) };
    return this.#record((await this.#client.patch(ref, body, { type: 'merge', ...(subresource ? { subresource } : {}) })) as T);
  }

  /** Deletes the object if it is still the same one. That it is gone already is no error. */
  async delete(object: T, options: DeleteOptions = {}): Promise<void> {
    const { uid, name = '', namespace } = object.metadata;
    try {
      const { apiVersion, plural } = await this.#client.resource(this.type);
      const scope = namespace ? `/namespaces/${namespace}` : '';
      const answer = await this.#client.raw<KubeObject>(
        'DELETE',
        `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}${scope}/${plural}/${encodeURIComponent(name)}`,
        { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options, ...(uid ? { preconditions: { uid } } : {}) } },
      );
      if (answer.kind === this.type.kind && answer.metadata.uid === uid) this.#record(answer as T, { deleted: true });
      else this.#forget(object);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Empties the cache, telling the listeners that each object is gone. */
  clear(): void {
    for (const object of [...this.#objects.values()]) this.#remove(object);
  }

  #forget(object: T): void {
    if (object.metadata.uid) this.#markGone(object.metadata.uid);
    this.#remove(object);
  }

  // The answer to a write may come after the watch has told that the object is gone. Uids never come back.
  #markGone(uid: string): void {
    this.#gone.add(uid);
    if (this.#gone.size > REMEMBERED_GONE) for (const oldest of this.#gone) return void this.#gone.delete(oldest);
  }

  // The answer to a delete shows the object whether or not something still holds it; so does that to the removal of its last finalizer.
  #record(object: T, { deleted = false } = {}): T {
    const { uid, finalizers = [], deletionTimestamp, deletionGracePeriodSeconds = 0 } = object.metadata;
    // Namespaces have finalizers of another kind.
    const { finalizers: more = [] } = (object['spec'] ?? {}) as { finalizers?: unknown[] };
    const held = finalizers.length + more.length > 0 || deletionGracePeriodSeconds > 0;
    if ((deleted || deletionTimestamp) && !held) this.#forget(object);
    else if (uid && !this.#gone.has(uid) && this.#put(object)) {
      this.#unseen.set(uid, object);
      this.#watchUnseen();
    }
    return object;
  }

  #put(object: T): boolean {
    const key = keyOf(object.metadata.namespace, object.metadata.name ?? '');
    const previous = this.#objects.get(key);
    if (previous && versionOf(previous) >= versionOf(object)) return false;
    if (previous) this.#unindex(key, previous);
    this.#objects.set(key, object);
    const { namespace } = object.metadata;
    if (namespace) indexed(this.#byNamespace, namespace).set(key, object);
    for (const owner of object.metadata.ownerReferences ?? []) indexed(this.#byOwner, owner.uid).set(key, object);
    const same = previous?.metadata.uid === object.metadata.uid;
    if (previous && !same) for (const listener of this.#listeners) this.#tell(listener, undefined, previous);
    for (const listener of this.#listeners) this.#tell(listener, object, same ? previous : undefined);
    return true;
  }

  #remove(object: T): void {
    const key = keyOf(object.metadata.namespace, object.metadata.name ?? '');
    const previous = this.#objects.get(key);
    if (!previous || previous.metadata.uid !== object.metadata.uid) return;
    this.#unindex(key, previous);
    this.#objects.delete(key);
    for (const listener of this.#listeners) this.#tell(listener, undefined, previous);
  }

  #unindex(key: string, object: T): void {
    const { namespace } = object.metadata;
    if (namespace) drop(this.#byNamespace, namespace, key);
    for (const owner of object.metadata.ownerReferences ?? []) drop(this.#byOwner, owner.uid, key);
  }

  #tell(listener: ChangeListener<T>, next: T | undefined, previous: T | undefined): void {
    try {
      listener(next, previous);
    } catch (error) {
      this.#logger.error(`a listener of ${this.type.kind} failed`, { error: messageOf(error) });
    }
  }

  // Only a watch that lost its place can miss an object that was written here and deleted since.
  #watchUnseen(): void {
    if (this.#unseenTimer || this.#signal.aborted) return;
    this.#unseenTimer = setTimeout(() => {
      this.#unseenTimer = undefined;
      void this.#lookUpUnseen();
    }, UNSEEN_LIMIT_MS);
    this.#unseenTimer.unref();
  }

  async #lookUpUnseen(): Promise<void> {
    const suspects = [...this.#unseen.values()];
    this.#unseen.clear();
    for (const object of suspects) {
      const live = await this.#client.get({ ...this.type, ...nameOf(object) }).catch(() => object);
      if (live?.metadata.uid !== object.metadata.uid) this.#remove(object);
    }
  }
}

function nameOf(object: KubeObject): { name: string; namespace?: string } {
  const { name = '', namespace } = object.metadata;
  return namespace ? { name, namespace } : { name };
}

function indexed<T>(index: Map<string, Map<string, T>>, key: string): Map<string, T> {
  let entries = index.get(key);
  if (!entries) index.set(key, (entries = new Map()));
  return entries;
}

function drop<T>(index: Map<string, Map<string, T>>, key: string, member: string): void {
  const entries = index.get(key);
  entries?.delete(member);
  if (entries?.size === 0) index.delete(key);
}
