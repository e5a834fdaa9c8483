// The append-only journal of a home: the one record of what happened, which survives a kill at any byte.
import { type FileHandle, mkdir, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, systemClock } from './clock.ts';
import type { EventPayloads, EventSink, EventType, JournalEntry } from './events.ts';

const KEPT_IN_MEMORY = 5_000;

/** JSON lines on disk, the newest 5,000 in memory. A torn last line is cut off when the file is opened. */
export class Journal implements EventSink, AsyncDisposable {
  readonly #file: FileHandle;
  readonly #clock: Clock;
  readonly #listeners = new Set<(entry: JournalEntry) => void>();
  #recent: JournalEntry[];
  #nextSeq: number;
  #pending: string[] = [];
  #writing: Promise<void> | undefined;

  private constructor(file: FileHandle, clock: Clock, recent: JournalEntry[]) {
    this.#file = file;
    this.#clock = clock;
    this.#recent = recent.slice(-KEPT_IN_MEMORY);
    this.#nextSeq = (recent.at(-1)?.seq ?? 0) + 1;
  }

  static async open(path: string, { clock = systemClock }: { clock?: Clock } = {}): Promise<Journal> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    if (whole.length !== text.length) await truncate(path, Buffer.byteLength(whole));
    const entries = whole
      .split('\n')
      .filter(line => line !== '')
      .flatMap(line => {
        try {
          return [JSON.parse(line) as JournalEntry];
        } catch {
          return [];
        }
      });
    return new Journal(await open(path, 'a', 0o600), clock, entries);
  }

  record<T extends EventType>(type: T, data: EventPayloads[T], { actor }: { actor?: string } = {}): JournalEntry {
    const entry = {
      seq: this.#nextSeq++,
      time: this.#clock.now().toISOString(),
      type,
      ...(actor ? { actor } : {}),
      data,
    } as JournalEntry;
    this.#recent.push(entry);
    if (this.#recent.length > KEPT_IN_MEMORY * 1.2) this.#recent = this.#recent.slice(-KEPT_IN_MEMORY);
    this.#pending.push(`${JSON.stringify(entry)}\n`);
    this.#writing ??= this.#drain();
    for (const listener of this.#listeners) listener(entry);
    return entry;
  }

  /** Entries after `seq`, oldest first, at most the 5,000 newest. */
  since(seq: number): JournalEntry[] {
    return this.#recent.filter(entry => entry.seq > seq);
  }

  /** Calls `listener` with every later entry until the signal aborts. */
  follow(listener: (entry: JournalEntry) => void, { signal }: { signal: AbortSignal }): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** Resolves when everything recorded so far is on disk. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#pending.length > 0) {
        const lines = this.#pending.splice(0).join('');
        await this.#file.appendFile(lines);
        await this.#file.datasync();
      }
    } finally {
      this.#writing = undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.#listeners.clear();
    await this.#file.close();
  }
}
