// Which application wants an object, by key: an object whose tracking mark was removed is still found.
export class KeyIndex {
  readonly #application = new Map<string, string>();
  readonly #keys = new Map<string, Set<string>>();

  /** Replaces the keys of an application. */
  set(application: string, keys: Iterable<string>): void {
    const next = new Set(keys);
    for (const key of this.#keys.get(application) ?? [])
      if (!next.has(key) && this.#application.get(key) === application) this.#application.delete(key);
    for (const key of next) if (!this.#application.has(key)) this.#application.set(key, application);
    this.#keys.set(application, next);
  }

  delete(application: string): void {
    this.set(application, []);
    this.#keys.delete(application);
  }

  applicationOf(key: string): string | undefined {
    return this.#application.get(key);
  }
}
