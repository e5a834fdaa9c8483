// Which run may go next: at most so many at a time, in order, one of each concurrency group.

export interface QueuedRun {
  id: string;
  /** Undefined: waits for none but its turn. */
  group: string | undefined;
}

export class RunQueue<T extends QueuedRun> {
  readonly #limit: number;
  readonly #start: (run: T) => void;
  readonly #running = new Set<T>();
  #waiting: T[] = [];
  #stopped = false;

  constructor(limit: number, start: (run: T) => void) {
    this.#limit = limit;
    this.#start = start;
  }

  get waiting(): readonly T[] {
    return this.#waiting;
  }

  /** Runs that wait or run in this group. */
  inGroup(group: string): { running: T[]; waiting: T[] } {
    return {
      running: [...this.#running].filter(run => run.group === group),
      waiting: this.#waiting.filter(run => run.group === group),
    };
  }

  add(run: T): void {
    this.#waiting.push(run);
    this.#advance();
  }

  /** Takes a waiting run out; false when it does not wait. */
  remove(run: T): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter(candidate => candidate !== run);
    return this.#waiting.length < before;
  }

  ended(run: T): void {
    this.#running.delete(run);
    this.#advance();
  }

  /** Nothing starts any more. */
  stop(): void {
    this.#stopped = true;
  }

  #advance(): void {
    while (!this.#stopped && this.#running.size < this.#limit) {
      const next = this.#waiting.find(run => run.group === undefined || this.inGroup(run.group).running.length === 0);
      if (!next) return;
      this.remove(next);
      this.#running.add(next);
      this.#start(next);
    }
  }
}
