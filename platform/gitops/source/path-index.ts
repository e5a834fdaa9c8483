// Which applications read which folders, so that a push finds those it touches by walking up from each changed file.
import { dirname } from 'node:path/posix';

interface Entry {
  repository: string;
  /** Undefined: not rendered yet, so that anything may matter. */
  paths: string[] | undefined;
}

export class PathIndex {
  readonly #entries = new Map<string, Entry>();
  /** repository and folder → applications. */
  readonly #readers = new Map<string, Set<string>>();

  set(application: string, repository: string, paths: string[] | undefined): void {
    this.delete(application);
    this.#entries.set(application, { repository, paths });
    for (const key of keys({ repository, paths })) {
      const readers = this.#readers.get(key) ?? new Set();
      this.#readers.set(key, readers.add(application));
    }
  }

  delete(application: string): void {
    const entry = this.#entries.get(application);
    if (!entry) return;
    this.#entries.delete(application);
    for (const key of keys(entry)) {
      const readers = this.#readers.get(key);
      readers?.delete(application);
      if (readers?.size === 0) this.#readers.delete(key);
    }
  }

  all(repository: string): string[] {
    return [...this.#entries].filter(([, entry]) => entry.repository === repository).map(([application]) => application);
  }

  reading(repository: string, changed: string[]): string[] {
    const found = new Set<string>(this.#readers.get(keyOf(repository, '*')));
    const seen = new Set<string>();
    for (const file of changed) {
      for (let path = file; !seen.has(path); path = path === '.' ? '.' : dirname(path)) {
        seen.add(path);
        for (const application of this.#readers.get(keyOf(repository, path === '.' ? '' : path)) ?? []) found.add(application);
      }
    }
    return [...found];
  }
}

function keys({ repository, paths }: Entry): string[] {
  return (paths ?? ['*']).map(path => keyOf(repository, path));
}

function keyOf(repository: string, path: string): string {
  return `${repository}\n${path}`;
}
