// One run's log: in memory while the run goes on, so that readers follow it live, and on disk for good.
import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { readFileIfExists } from '../../core/index.ts';

/** Beyond this a log is cut, and says so; the run goes on. */
const LIMIT_BYTES = 4 * 1024 * 1024;

export class RunLog {
  readonly #file: WriteStream;
  readonly #lines: string[] = [];
  #bytes = 0;
  #closed = false;
  #failed = false;
  readonly #waiting = new Set<() => void>();

  constructor(path: string) {
    this.#file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    this.#file.on('error', () => {
      this.#failed = true;
    });
  }

  append(line: string): void {
    if (this.#closed || this.#bytes > LIMIT_BYTES) return;
    this.#bytes += line.length + 1;
    const kept = this.#bytes > LIMIT_BYTES ? `… the log is cut here: it grew beyond ${LIMIT_BYTES / 1024 / 1024} MB` : line;
    this.#lines.push(kept);
    if (!this.#failed) this.#file.write(`${kept}\n`);
    this.#notify();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#notify();
    if (this.#failed) return;
    this.#file.end();
    await Promise.race([once(this.#file, 'close'), once(this.#file, 'error')]);
  }

  /** What has been written so far and, with `follow`, what comes until the log is closed or the signal aborts. */
  async *read({ follow = false, signal }: { follow?: boolean; signal?: AbortSignal } = {}): AsyncGenerator<string> {
    for (let at = 0; ; ) {
      while (at < this.#lines.length) {
        if (signal?.aborted) return;
        yield this.#lines[at++] ?? '';
      }
      if (!follow || this.#closed || signal?.aborted) return;
      await this.#change(signal);
    }
  }

  #notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

/** The lines of an ended run's log. None when the file is gone. */
export async function* readLogFile(path: string): AsyncGenerator<string> {
  const text = (await readFileIfExists(path)) ?? '';
  yield* text.split('\n').slice(0, -1);
}
