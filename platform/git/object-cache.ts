// Keeps small objects that were read lately, by their id: most of what a push shows was there before it.

const ENTRY_LIMIT_BYTES = 256 * 1024;

/** Least recently used values, bounded by their sizes together. Values are shared: whoever gets one must not change it. */
export class ObjectCache<T> {
  readonly #limitBytes: number;
  readonly #entries = new Map<string, { value: T; sizeBytes: number }>();
  #sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get(id: string): T | undefined {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry.value;
  }

  set(id: string, value: T, sizeBytes: number): void {
    if (sizeBytes > ENTRY_LIMIT_BYTES || this.#entries.has(id)) return;
    this.#entries.set(id, { value, sizeBytes });
    this.#sizeBytes += sizeBytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#sizeBytes <= this.#limitBytes) break;
      this.#entries.delete(oldest);
      this.#sizeBytes -= entry.sizeBytes;
    }
  }
}
