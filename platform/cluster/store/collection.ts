// The objects of one resource, found by key and kept in the order in which Kubernetes lists them.
import type { StoredRecord, StoreKey } from './store.ts';

const keyOf = (namespace: string, name: string) => `${namespace}/${name}`;

export class Collection {
  readonly #records = new Map<string, StoredRecord>();
  #keys: string[] = [];
  // Objects that arrive before the first list are sorted once, not one by one.
  #sorted = true;

  static of(records: readonly StoredRecord[]): Collection {
    const collection = new Collection();
    for (const record of records) collection.set(record);
    return collection;
  }

  get(namespace: string, name: string): StoredRecord | undefined {
    return this.#records.get(keyOf(namespace, name));
  }

  set(record: StoredRecord): void {
    const key = keyOf(record.key.namespace, record.key.name);
    if (!this.#records.has(key)) this.#insert(key);
    this.#records.set(key, record);
  }

  remove({ namespace, name }: StoreKey): void {
    const key = keyOf(namespace, name);
    if (!this.#records.delete(key)) return;
    this.#order();
    this.#keys.splice(this.#position(key), 1);
  }

  list(namespace?: string): StoredRecord[] {
    this.#order();
    const from = namespace === undefined ? 0 : this.#position(`${namespace}/`);
    // '0' is the character after '/'.
    const to = namespace === undefined ? this.#keys.length : this.#position(`${namespace}0`);
    const found: StoredRecord[] = new Array(to - from);
    for (let index = from; index < to; index++)
      found[index - from] = this.#records.get(this.#keys[index] as string) as StoredRecord;
    return found;
  }

  #insert(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) {
      this.#keys.push(key);
    } else if (this.#sorted && this.#keys.length > 64) {
      this.#keys.splice(this.#position(key), 0, key);
    } else {
      this.#keys.push(key);
      this.#sorted = false;
    }
  }

  #order(): void {
    if (this.#sorted) return;
    this.#keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    this.#sorted = true;
  }

  #position(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] as string) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
