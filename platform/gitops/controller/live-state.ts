// The live objects: one shared watch for each kind in use, with the answers to our own writes laid over it, and who owns what.
import { type Clock, DarumaError, type Logger, messageOf } from '../../core/index.ts';
import {
  Informer,
  type InformerEvent,
  isApiError,
  type KubeClient,
  type KubeObject,
  type ResourceInfo,
  type ResourceKind,
} from '../../kube/index.ts';
import { keyOf, ownerOf } from '../model/index.ts';
import type { LiveAccess } from '../sync/index.ts';

export interface LiveEvent {
  type: InformerEvent<KubeObject>['type'];
  key: string;
  object: KubeObject;
  /** Milliseconds of the process's monotonic clock when it arrived. */
  arrivedAt: number;
}

interface Watched {
  informer: Informer;
  resource: ResourceInfo;
}

export class LiveState implements LiveAccess {
  readonly #client: KubeClient;
  readonly #signal: AbortSignal;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kinds = new Map<string, Promise<Watched | undefined>>();
  readonly #started = new Map<string, Watched>();
  readonly #written = new Map<string, KubeObject>();
  readonly #owned = new Map<string, Map<string, KubeObject>>();
  readonly #ownerOfKey = new Map<string, string>();
  readonly #children = new Map<string, Map<string, KubeObject>>();
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  readonly #waiting = new Set<() => void>();

  constructor(options: { client: KubeClient; signal: AbortSignal; clock: Clock; logger: Logger }) {
    this.#client = options.client;
    this.#signal = options.signal;
    this.#clock = options.clock;
    this.#logger = options.logger;
  }

  async ensure(kinds: ResourceKind[]): Promise<void> {
    const wanted = new Map(kinds.map(({ apiVersion, kind }) => [`${apiVersion} ${kind}`, { apiVersion, kind }]));
    await Promise.all(
      [...wanted].map(async ([id, kind]) => {
        let starting = this.#kinds.get(id);
        if (!starting) {
          starting = this.#start(id, kind);
          this.#kinds.set(id, starting);
          const started = await starting.catch(error => {
            this.#kinds.delete(id);
            throw error;
          });
          // A kind that is not served now may be later.
          if (!started) this.#kinds.delete(id);
        }
        const watched = await starting;
        await watched?.informer.synced();
      }),
    );
  }

  async #start(id: string, kind: ResourceKind): Promise<Watched | undefined> {
    let resource: ResourceInfo;
    try {
      resource = await this.#client.resource(kind);
    } catch (error) {
      if (error instanceof DarumaError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
    const informer = new Informer(this.#client, kind, {
      signal: this.#signal,
      clock: this.#clock,
      onError: error => {
        if (!isApiError(error, 404)) this.#logger.warn(`watching ${kind.kind} was interrupted`, { error: messageOf(error) });
      },
    });
    const watched = { informer, resource };
    this.#started.set(id, watched);
    informer.onChange(event => this.#take(event));
    return watched;
  }

  /** How the object's kind is addressed; undefined while the kind is not watched. */
  resourceOf({ apiVersion, kind }: ResourceKind): ResourceInfo | undefined {
    return this.#started.get(`${apiVersion} ${kind}`)?.resource;
  }

  get(object: KubeObject): KubeObject | undefined {
    const { namespace, name = '' } = object.metadata;
    const seen = this.#started.get(`${object.apiVersion} ${object.kind}`)?.informer.get(namespace, name);
    const written = this.#written.get(keyOf(object));
    return written && (!seen || isNewer(written, seen)) ? written : seen;
  }

  /** Everything of a watched kind. */
  all({ apiVersion, kind }: ResourceKind): KubeObject[] {
    return this.#started.get(`${apiVersion} ${kind}`)?.informer.list() ?? [];
  }

  note(object: KubeObject): void {
    const seen = this.#started
      .get(`${object.apiVersion} ${object.kind}`)
      ?.informer.get(object.metadata.namespace, object.metadata.name ?? '');
    if (seen && !isNewer(object, seen)) return;
    this.#written.set(keyOf(object), object);
    this.#index(keyOf(object), object);
    this.#wake();
  }

  /** Objects that carry the application's tracking mark. */
  ownedBy(application: string): KubeObject[] {
    return [...(this.#owned.get(application)?.values() ?? [])];
  }

  /** Objects that name this uid as an owner. */
  childrenOf(uid: string): KubeObject[] {
    return [...(this.#children.get(uid)?.values() ?? [])];
  }

  onChange(listener: (event: LiveEvent) => void): void {
    this.#listeners.add(listener);
  }

  async until(holds: () => boolean, { signal }: { signal: AbortSignal }): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      if (holds()) return;
      await new Promise<void>(resolve => {
        const done = () => {
          this.#waiting.delete(done);
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#waiting.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  #take(event: InformerEvent<KubeObject>): void {
    const { type, object } = event;
    const key = keyOf(object);
    const written = this.#written.get(key);
    if (written && !isNewer(written, object)) this.#written.delete(key);
    if (type === 'deleted') this.#unindex(key, object);
    else this.#index(key, object);
    const arrivedAt = performance.now();
    for (const listener of this.#listeners)
      try {
        listener({ type, key, object, arrivedAt });
      } catch (error) {
        this.#logger.error('a change could not be handled', { key, error: messageOf(error) });
      }
    this.#wake();
  }

  #index(key: string, object: KubeObject): void {
    const owner = ownerOf(object);
    const before = this.#ownerOfKey.get(key);
    if (before && before !== owner) {
      this.#owned.get(before)?.delete(key);
      this.#ownerOfKey.delete(key);
    }
    if (owner) {
      put(this.#owned, owner, key, object);
      this.#ownerOfKey.set(key, owner);
    }
    for (const { uid } of object.metadata.ownerReferences ?? []) put(this.#children, uid, key, object);
  }

  #unindex(key: string, object: KubeObject): void {
    const owner = this.#ownerOfKey.get(key);
    if (owner) this.#owned.get(owner)?.delete(key);
    this.#ownerOfKey.delete(key);
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const siblings = this.#children.get(uid);
      siblings?.delete(key);
      if (siblings?.size === 0) this.#children.delete(uid);
    }
  }

  #wake(): void {
    for (const waiter of [...this.#waiting]) waiter();
  }
}

function put(index: Map<string, Map<string, KubeObject>>, at: string, key: string, object: KubeObject): void {
  let entries = index.get(at);
  if (!entries) index.set(at, (entries = new Map()));
  entries.set(key, object);
}

/** Resource versions of one cluster rise with every write (Kubernetes 1.35 makes that official). */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  try {
    return BigInt(a.metadata.resourceVersion ?? 0) > BigInt(b.metadata.resourceVersion ?? 0);
  } catch {
    return false;
  }
}
