// An abort signal that follows its parent and a time limit, and tells which of them came first.
import { DarumaError } from '../../core/index.ts';

export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #unlink: () => void;
  #expired = false;

  /** `what` names the thing in the reason: `job test`. */
  constructor(parent: AbortSignal, minutes: number, what: string) {
    const follow = () => this.#controller.abort(parent.reason);
    if (parent.aborted) follow();
    parent.addEventListener('abort', follow, { once: true });
    this.#unlink = () => parent.removeEventListener('abort', follow);
    this.#timer = setTimeout(
      () => {
        this.#expired = !this.#controller.signal.aborted;
        const hint = 'raise timeout-minutes in the workflow, or make it faster';
        this.#controller.abort(new DarumaError('TIMEOUT', `${what} took longer than ${minutes} minutes`, { hint }));
      },
      Math.min(minutes * 60_000, 2 ** 31 - 1),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get expired(): boolean {
    return this.#expired;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#unlink();
  }
}
