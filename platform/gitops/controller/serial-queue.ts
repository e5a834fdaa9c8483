// One queue for each application: its work never overlaps, and that of others never waits for it.
export class SerialQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #length = 0;

  /** Work that waits or runs. */
  get length(): number {
    return this.#length;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.#length++;
    const turn = this.#tail.then(work).finally(() => {
      this.#length--;
    });
    this.#tail = turn.catch(() => {});
    return turn;
  }

  /** Resolves when nothing is left. */
  async idle(): Promise<void> {
    while (this.#length > 0) await this.#tail;
  }
}

/** At most `limit` pieces of work at once; the others wait in order. */
export function boundedBy(limit: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async work => {
    if (running >= limit) await new Promise<void>(resolve => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
