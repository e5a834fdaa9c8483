// Writes Application statuses: a change of state at once, mere progress gathered, never the same twice, one write at a time each.
import { type Clock, type Logger, messageOf } from '../../core/index.ts';
import { isApiError, type KubeClient, refOf } from '../../kube/index.ts';
import type { AppState } from './app-state.ts';

interface Writing {
  running: Promise<void> | undefined;
  again: boolean;
  written: string;
  timer: boolean;
}

interface StatusWriterOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  /** The status as of now. */
  statusOf(state: AppState): Record<string, unknown>;
}

const GATHER_MS = 200;
const STATUS_MANAGER = 'daruma-status';

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #writings = new Map<string, Writing>();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Resolves when a status at least as new as now is written, or cannot be. `urgent`: not gathered with later ones. */
  write(state: AppState, { urgent }: { urgent: boolean }): Promise<void> {
    const writing = this.#of(state.name);
    if (writing.running) {
      writing.again = true;
      return writing.running;
    }
    if (urgent) return this.#start(state, writing);
    if (!writing.timer) {
      writing.timer = true;
      const { clock, signal } = this.#options;
      clock.sleep(GATHER_MS, { signal }).then(
        () => {
          writing.timer = false;
          if (!writing.running) void this.#start(state, writing);
        },
        () => {},
      );
    }
    return Promise.resolve();
  }

  forget(application: string): void {
    this.#writings.delete(application);
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    for (const { running } of this.#writings.values()) if (running) await running;
  }

  #of(name: string): Writing {
    let writing = this.#writings.get(name);
    if (!writing) this.#writings.set(name, (writing = { running: undefined, again: false, written: '', timer: false }));
    return writing;
  }

  #start(state: AppState, writing: Writing): Promise<void> {
    const running = this.#run(state, writing).finally(() => {
      writing.running = undefined;
    });
    writing.running = running;
    return running;
  }

  async #run(state: AppState, writing: Writing): Promise<void> {
    const { client, logger, signal, statusOf } = this.#options;
    do {
      writing.again = false;
      const status = statusOf(state);
      const text = JSON.stringify({ ...status, reconciledAt: undefined });
      if (text === writing.written || signal.aborted) continue;
      try {
        await client.patch(refOf(state.object), { status }, { type: 'merge', fieldManager: STATUS_MANAGER, signal });
        writing.written = text;
      } catch (error) {
        // Gone with its application; anything else is mended by the next write.
        if (!signal.aborted && !isApiError(error, 404))
          logger.warn('a status could not be written', { application: state.name, error: messageOf(error) });
      }
    } while (writing.again);
  }
}
