// Ends what was started, last first; Node 20 has no AsyncDisposableStack.

export class Teardown implements AsyncDisposable {
  #steps: (() => unknown)[] = [];

  use<T extends AsyncDisposable>(resource: T): T {
    this.#steps.push(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Every step runs, even when one fails; the first failure is thrown. A second call does nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    const steps = this.#steps.splice(0).reverse();
    const failures: unknown[] = [];
    for (const step of steps) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
