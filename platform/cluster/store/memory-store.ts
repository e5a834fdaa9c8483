// A store without a file: for ephemeral clusters and tests.
import { ObjectStore } from './object-store.ts';
import type { Store } from './store.ts';

/** Keeps everything in memory; every write is durable at once, as far as memory goes. */
export function openMemoryStore(): Store {
  return new ObjectStore({ revision: 1, objects: [] });
}
