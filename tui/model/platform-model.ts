// What the screens show, kept up to date by the platform's events: nothing polls while nothing happens.
import type { ApiClient, ApplicationView, Caller, JournalEntry, PlatformStatus, RunView } from '../../platform/api/index.ts';
import { messageOf } from '../../platform/core/index.ts';

export interface PlatformState {
  status: PlatformStatus | undefined;
  caller: Caller | undefined;
  applications: ApplicationView[];
  runs: RunView[];
  /** Newest first, at most 500. */
  events: JournalEntry[];
  /** One line for people: what was done last, or why it failed. */
  notice: { text: string; failed: boolean } | undefined;
  /** False while the platform does not answer. */
  connected: boolean;
}

const KEPT_EVENTS = 500;
const REFRESH_MS = 80;
const RECONNECT_MS = 500;

/** A store for `useSyncExternalStore`: each change is a new state object. Ends by its signal. */
export class PlatformModel {
  readonly api: ApiClient;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<() => void>();
  #state: PlatformState = {
    status: undefined,
    caller: undefined,
    applications: [],
    runs: [],
    events: [],
    notice: undefined,
    connected: true,
  };
  #refreshing: Promise<void> | undefined;
  #again = false;

  constructor(api: ApiClient, { signal }: { signal: AbortSignal }) {
    this.api = api;
    this.#signal = signal;
    void this.#follow();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): PlatformState => this.#state;

  notify(text: string, { failed = false } = {}): void {
    this.#set({ notice: { text, failed } });
  }

  clearNotice(): void {
    if (this.#state.notice) this.#set({ notice: undefined });
  }

  /** Runs an action for a person: its end, good or bad, is said in the notice line. */
  async act<T>(what: string, work: () => Promise<T>): Promise<T | undefined> {
    this.notify(`${what} …`);
    try {
      const result = await work();
      this.notify(`${what}: done`);
      return result;
    } catch (error) {
      const hint = (error as { hint?: string }).hint;
      this.notify(`${what}: ${messageOf(error)}${hint ? ` · ${hint}` : ''}`, { failed: true });
      return undefined;
    } finally {
      await this.refresh();
    }
  }

  /** Reads everything anew; calls while one runs are answered by one more. */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return this.#refreshing;
    }
    this.#refreshing = this.#read();
    try {
      await this.#refreshing;
    } finally {
      this.#refreshing = undefined;
    }
    if (this.#again && !this.#signal.aborted) {
      this.#again = false;
      await new Promise(resolve => setTimeout(resolve, REFRESH_MS));
      await this.refresh();
    }
  }

  async #read(): Promise<void> {
    const options = { signal: this.#signal };
    try {
      const [status, applications, runs] = await Promise.all([
        this.api.status(options),
        this.api.applications(options),
        this.api.runs(options),
      ]);
      this.#set({ status, applications: ordered(applications), runs, connected: true });
    } catch (error) {
      if (!this.#signal.aborted && (error as { code?: string }).code === 'NOT_RUNNING') this.#set({ connected: false });
    }
  }

  async #follow(): Promise<void> {
    let last = 0;
    while (!this.#signal.aborted) {
      try {
        await this.refresh();
        this.#state.caller ?? this.#set({ caller: await this.api.whoami() });
        for await (const entry of this.api.followEvents(last, { signal: this.#signal })) {
          last = entry.seq;
          this.#set({ events: [entry, ...this.#state.events].slice(0, KEPT_EVENTS), connected: true });
          void this.refresh();
        }
      } catch {
        this.#set({ connected: false });
      }
      if (!this.#signal.aborted) await new Promise(resolve => setTimeout(resolve, RECONNECT_MS));
    }
  }

  #set(change: Partial<PlatformState>): void {
    if (this.#signal.aborted) return;
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

function ordered(applications: ApplicationView[]): ApplicationView[] {
  const rank = ({ environment }: ApplicationView) => {
    const known = ['dev', 'staging', 'prod'].indexOf(environment);
    return known >= 0 ? known : environment === '' ? 9 : 5;
  };
  return [...applications].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
