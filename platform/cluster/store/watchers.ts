// Who is told of changes: listeners by collection, each removed when its signal aborts.
import type { StoreEvent } from './store.ts';

interface Watcher {
  since: number;
  signal: AbortSignal;
  listener: (event: StoreEvent) => void;
}

export class Watchers {
  readonly #byCollection = new Map<string, Set<Watcher>>();
  readonly #queue: StoreEvent[] = [];
  #telling = false;

  add(collection: string, watcher: Watcher): void {
    let watchers = this.#byCollection.get(collection);
    if (!watchers) this.#byCollection.set(collection, (watchers = new Set()));
    const set = watchers;
    set.add(watcher);
    watcher.signal.addEventListener('abort', () => set.delete(watcher), { once: true });
  }

  /** Events that listeners cause by writing are told after the one that they hear of now. */
  notify(event: StoreEvent): void {
    this.#queue.push(event);
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) this.#tell(next);
    } finally {
      this.#telling = false;
    }
  }

  #tell(event: StoreEvent): void {
    const watchers = this.#byCollection.get(event.record.key.collection);
    if (!watchers) return;
    for (const watcher of watchers) {
      if (event.record.revision > watcher.since && !watcher.signal.aborted) watcher.listener(event);
    }
  }

  clear(): void {
    this.#byCollection.clear();
  }
}
