// Runs on disk: one JSON file and one log each, written before a push is answered and when a run has ended.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf, type RunView, writeFileAtomic } from '../../core/index.ts';
import type { PushEvent } from '../contract.ts';

const KEPT = 200;

/** What a restart needs to run it again. */
export interface RunRecord {
  view: RunView;
  push: PushEvent;
  /** The workflow's path in the repository. */
  file: string;
  /** How often it was started. */
  attempts: number;
}

export class RunStore {
  readonly #folder: string;
  readonly #logger: Logger;
  /** Oldest first. */
  #records: RunRecord[] = [];

  private constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#logger = logger;
  }

  static async open(folder: string, logger: Logger): Promise<RunStore> {
    await mkdir(folder, { recursive: true });
    const store = new RunStore(folder, logger);
    const names = (await readdir(folder)).filter(name => name.endsWith('.json'));
    const records = await Promise.all(names.map(name => store.#read(join(folder, name))));
    store.#records = records
      .filter(record => record !== undefined)
      .sort((a, b) => a.view.startedAt.localeCompare(b.view.startedAt) || a.view.number - b.view.number);
    return store;
  }

  get records(): readonly RunRecord[] {
    return this.#records;
  }

  find(id: string): RunRecord | undefined {
    return this.#records.find(record => record.view.id === id);
  }

  nextNumber(repository: string): number {
    return 1 + Math.max(0, ...this.#records.filter(({ view }) => view.repository === repository).map(({ view }) => view.number));
  }

  logPath(id: string): string {
    return join(this.#folder, `${id}.log`);
  }

  add(record: RunRecord): void {
    this.#records.push(record);
  }

  /** On disk when it resolves. */
  async save(record: RunRecord): Promise<void> {
    await writeFileAtomic(join(this.#folder, `${record.view.id}.json`), JSON.stringify(record));
  }

  /** Forgets ended runs beyond the newest 200. */
  async trim(): Promise<void> {
    const ended = this.#records.filter(({ view }) => view.state !== 'queued' && view.state !== 'running');
    const old = new Set(ended.slice(0, Math.max(0, this.#records.length - KEPT)));
    if (old.size === 0) return;
    this.#records = this.#records.filter(record => !old.has(record));
    for (const { view } of old) {
      await rm(join(this.#folder, `${view.id}.json`), { force: true });
      await rm(this.logPath(view.id), { force: true });
    }
  }

  async #read(path: string): Promise<RunRecord | undefined> {
    try {
      return JSON.parse(await readFile(path, 'utf8')) as RunRecord;
    } catch (error) {
      this.#logger.warn('a stored run cannot be read and is left out', { path, error: messageOf(error) });
      return undefined;
    }
  }
}
