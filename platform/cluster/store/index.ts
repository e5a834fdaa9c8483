// The door of the store: objects under one monotonic revision, in memory with or without a file beneath.
export { openLmdbStore } from './lmdb-store.ts';
export { openMemoryStore } from './memory-store.ts';
export {
  type Store,
  StoreConflict,
  type StoredObject,
  type StoredRecord,
  type StoreEvent,
  StoreExpired,
  type StoreKey,
  StoreReadOnly,
} from './store.ts';
