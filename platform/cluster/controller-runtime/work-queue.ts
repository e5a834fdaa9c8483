// Decides when a key is worked on: never twice at once, once however often it was asked for, later and later after failures.
import type { Logger } from '../../core/index.ts';
import { messageOf } from '../../core/index.ts';
import { isConflict, isNamespaceTerminating } from './api-errors.ts';

const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 30_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface WorkQueueOptions {
  name: string;
  /** Brings what the key names to its desired state. A number asks to be called again after so many milliseconds. */
  sync(key: string): Promise<number | undefined | void>;
  logger: Logger;
  signal: AbortSignal;
  /** How many keys are worked on at once. 8 when absent. */
  concurrency?: number;
}

/** Keys wait in memory, each at most once, so the queue is bounded by the number of objects. Nothing runs before `start`. */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  readonly #waiting = new Set<string>();
  readonly #working = new Set<string>();
  readonly #again = new Set<string>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Map<string, { at: number; timer: NodeJS.Timeout }>();
  readonly #idle: (() => void)[] = [];
  #started = false;
  #scheduled = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.#stop(), { once: true });
  }

  add(key: string): void {
    if (this.#options.signal.aborted) return;
    if (this.#working.has(key)) this.#again.add(key);
    else {
      this.#waiting.add(key);
      this.#schedule();
    }
  }

  /** Adds the key after `ms`, or earlier when it already waits for an earlier time. */
  addAfter(key: string, ms: number): void {
    if (this.#options.signal.aborted) return;
    if (ms <= 0) return this.add(key);
    const at = Date.now() + ms;
    const known = this.#timers.get(key);
    if (known && known.at <= at) return;
    if (known) clearTimeout(known.timer);
    const timer = setTimeout(
      () => {
        this.#timers.delete(key);
        this.add(key);
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    timer.unref();
    this.#timers.set(key, { at, timer });
  }

  start(): void {
    this.#started = true;
    this.#schedule();
  }

  /** Resolves when nothing is being worked on; after the signal has aborted, for good. */
  async settled(): Promise<void> {
    while (this.#working.size > 0) await new Promise<void>(resolve => this.#idle.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled || !this.#started) return;
    this.#scheduled = true;
    // The events of one turn of the loop are gathered before anything is worked on.
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const key of this.#waiting) {
      if (this.#options.signal.aborted || this.#working.size >= (this.#options.concurrency ?? 8)) return;
      this.#waiting.delete(key);
      this.#working.add(key);
      void this.#work(key);
    }
  }

  async #work(key: string): Promise<void> {
    try {
      const again = await this.#options.sync(key);
      this.#failures.delete(key);
      if (typeof again === 'number') this.addAfter(key, again);
    } catch (error) {
      this.#retry(key, error);
    } finally {
      this.#working.delete(key);
      if (this.#again.delete(key)) this.add(key);
      if (this.#working.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
      if (this.#waiting.size > 0) this.#schedule();
    }
  }

  #retry(key: string, error: unknown): void {
    // What a namespace refuses while it goes, it will not take later.
    if (this.#options.signal.aborted || isNamespaceTerminating(error)) return void this.#failures.delete(key);
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const ms = Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS);
    const log = isConflict(error) || failures < 4 ? 'debug' : 'warn';
    this.#options.logger[log](`${this.#options.name} could not sync ${key}`, { error: messageOf(error), retryMs: ms });
    this.addAfter(key, ms);
  }

  #stop(): void {
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.clear();
    this.#again.clear();
  }
}
