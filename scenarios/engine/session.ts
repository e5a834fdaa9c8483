// One learner's way through the scenarios, live: the terminal UI shows its state and calls its methods.
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import type { ScenarioContext } from './context.ts';
import { allOk, evaluateChecks, runActions } from './evaluate.ts';
import { beginStep } from './play-scenario.ts';
import { type Progress, readProgress, writeProgress } from './progress.ts';
import type { CheckState, Scenario, ScenarioStep } from './scenario.ts';
import { Wake } from './wake.ts';

const IDLE_POLL_MS = 2_000;
const BUSY_POLL_MS = 150;

export interface SessionStep {
  id: string;
  title: string;
  goal: string;
  /** Markdown. */
  text: string;
  state: 'done' | 'current' | 'open' | 'skipped';
  /** All of them; how many are shown is the screen's matter. */
  hints: string[];
}

export interface SessionState {
  scenarios: { id: string; number: number; title: string; done: boolean }[];
  scenario: { id: string; number: number; title: string; summary: string; minutes: number };
  /** The index of the current step in `steps`. */
  step: number;
  steps: SessionStep[];
  /** Of the current step. */
  checks: CheckState[];
  /**
   * `preparing`: the setup runs. `waiting`: for the learner. `solving`: does it for them. `solved`: `next` goes on.
   * `finished`: the last step of the last scenario is solved. `failed`: `message` says why; `reset` tries again.
   */
  phase: 'preparing' | 'waiting' | 'solving' | 'solved' | 'finished' | 'failed';
  message: string;
}

export interface SessionOptions {
  scenarios: Scenario[];
  context: ScenarioContext;
  /** `<home>/tour.json`. */
  progressFile: string;
}

export class ScenarioSession implements AsyncDisposable {
  readonly #scenarios: Scenario[];
  readonly #context: ScenarioContext;
  readonly #progressFile: string;
  readonly #closing = new AbortController();
  readonly #listeners = new Set<(state: SessionState) => void>();
  readonly #wake = new Wake();
  #progress: Progress;
  #checks: CheckState[] = [];
  #phase: SessionState['phase'] = 'preparing';
  #message = '';
  /** What runs for the current step; the next one waits until it has ended. */
  #activity: { controller: AbortController; ended: Promise<void> } | undefined;
  readonly #events: Promise<void>;

  private constructor({ scenarios, context, progressFile }: SessionOptions, progress: Progress) {
    this.#scenarios = scenarios;
    this.#context = context;
    this.#progressFile = progressFile;
    this.#progress = progress;
    this.#events = this.#ringOnEvents();
  }

  /** Goes on where the learner was; begins the first scenario otherwise. @throws INVALID_INPUT without any scenario */
  static async open(options: SessionOptions): Promise<ScenarioSession> {
    const [first] = options.scenarios;
    if (!first)
      throw new DarumaError('INVALID_INPUT', 'there is no scenario to play', {
        hint: 'the package is incomplete: install it again',
      });
    const saved = await readProgress(options.progressFile);
    const scenario = options.scenarios.find(({ id }) => id === saved?.scenario);
    const usable = saved && scenario && saved.step < scenario.steps.length;
    const progress = usable ? saved : { scenario: first.id, step: 0, skipped: [], done: saved?.done ?? [], variables: {} };
    for (const [name, value] of Object.entries(progress.variables)) {
      if (!options.context.variables.has(name)) options.context.variables.set(name, value);
    }
    options.context.baseline = progress.baseline;
    const session = new ScenarioSession(options, progress);
    session.#begin();
    return session;
  }

  state(): SessionState {
    const scenario = this.#scenario();
    return {
      scenarios: this.#scenarios.map(({ id, number, title }) => ({ id, number, title, done: this.#progress.done.includes(id) })),
      scenario: {
        id: scenario.id,
        number: scenario.number,
        title: scenario.title,
        summary: scenario.summary,
        minutes: scenario.minutes,
      },
      step: this.#progress.step,
      steps: scenario.steps.map((step, index) => ({
        id: step.id,
        title: step.title,
        goal: step.goal,
        text: this.#filled(step.text),
        state: this.#stateOf(index),
        hints: step.hints.map(hint => this.#filled(hint)),
      })),
      checks: this.#checks,
      phase: this.#phase,
      message: this.#message,
    };
  }

  /** Calls `listener` with every later state until the signal aborts. */
  onChange(listener: (state: SessionState) => void, { signal }: { signal: AbortSignal }): void {
    if (signal.aborted) return;
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
  }

  /** "Do it for me". Returns at once; the checks tell whether it worked. Nothing happens but in phase `waiting`. */
  solve(): void {
    if (this.#phase !== 'waiting') return;
    this.#enter('solving');
    this.#wake.ring();
  }

  /** Goes on after a solved step. */
  async next(): Promise<void> {
    if (this.#phase === 'solved') await this.#advance();
  }

  /** Goes on without this step being solved. */
  async skip(): Promise<void> {
    if (this.#phase === 'finished') return;
    if (this.#phase !== 'solved') this.#progress.skipped.push(this.#progress.step);
    await this.#advance();
  }

  /** Begins the current scenario anew; changes in the working copies are stashed. */
  async reset(): Promise<void> {
    await this.#goTo(this.#scenario().id, 0);
  }

  /** @throws NOT_FOUND */
  async select(id: string): Promise<void> {
    const known = this.#scenarios.find(candidate => candidate.id === id || String(candidate.number) === id);
    if (!known)
      throw new DarumaError('NOT_FOUND', `there is no scenario ${id}`, { hint: this.#scenarios.map(one => one.id).join(', ') });
    await this.#goTo(known.id, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#stopActivity();
    await this.#events;
    this.#listeners.clear();
  }

  #scenario(): Scenario {
    const found = this.#scenarios.find(({ id }) => id === this.#progress.scenario) ?? this.#scenarios[0];
    if (!found) throw new Error('a session has at least one scenario');
    return found;
  }

  #step(): ScenarioStep {
    const { steps } = this.#scenario();
    const found = steps[this.#progress.step] ?? steps[0];
    if (!found) throw new Error('a scenario has at least one step');
    return found;
  }

  /** `${work}` and the like in what the learner reads; unknown names stay as they are. */
  #filled(text: string): string {
    return text.replace(/\$\{([\w-]+)\}/g, (whole, name: string) => this.#context.variables.get(name) ?? whole);
  }

  #stateOf(index: number): SessionStep['state'] {
    const { step, skipped } = this.#progress;
    if (skipped.includes(index)) return 'skipped';
    if (index === step) return this.#phase === 'solved' || this.#phase === 'finished' ? 'done' : 'current';
    return index < step ? 'done' : 'open';
  }

  async #advance(): Promise<void> {
    const scenario = this.#scenario();
    if (this.#progress.step + 1 < scenario.steps.length) return this.#goTo(scenario.id, this.#progress.step + 1);
    const following = this.#scenarios[this.#scenarios.indexOf(scenario) + 1];
    if (following) return this.#goTo(following.id, 0);
    await this.#stopActivity();
    await this.#save();
    this.#enter('finished');
  }

  async #goTo(scenario: string, step: number): Promise<void> {
    await this.#stopActivity();
    if (this.#closing.signal.aborted) return;
    const { done } = this.#progress;
    const skipped = scenario === this.#progress.scenario && step > 0 ? this.#progress.skipped : [];
    this.#progress = { scenario, step, skipped, done, variables: Object.fromEntries(this.#context.variables) };
    this.#begin();
  }

  async #stopActivity(): Promise<void> {
    this.#activity?.controller.abort();
    await this.#activity?.ended;
    this.#activity = undefined;
  }

  #begin(): void {
    const controller = new AbortController();
    this.#checks = this.#step().checks.map(({ title }) => ({ title, ok: false, detail: '' }));
    this.#enter('preparing');
    const ended = this.#live(controller.signal).catch(error => {
      if (!controller.signal.aborted) this.#enter('failed', messageOf(error));
    });
    this.#activity = { controller, ended };
  }

  /** The life of one step: setup, then checks round by round until all are ok. */
  async #live(signal: AbortSignal): Promise<void> {
    const step = this.#step();
    if (!this.#progress.baseline) {
      if (this.#progress.step === 0) await runActions(this.#scenario().setup, this.#context, { signal });
      await beginStep(step, this.#context, { signal });
      await this.#save();
    }
    this.#enter('waiting');
    let solving: Promise<void> | undefined;
    for (;;) {
      if (this.#phase === 'solving' && !solving) solving = this.#runSolve(step, signal);
      this.#checks = await evaluateChecks(step.checks, this.#context, { signal });
      if (allOk(this.#checks)) break;
      this.#changed();
      await this.#wake.wait(this.#phase === 'solving' ? BUSY_POLL_MS : IDLE_POLL_MS, { signal });
      signal.throwIfAborted();
      if (this.#phase === 'waiting') solving = undefined;
    }
    await solving;
    await this.#solved();
  }

  async #runSolve(step: ScenarioStep, signal: AbortSignal): Promise<void> {
    try {
      await runActions(step.solve, this.#context, { signal });
    } catch (error) {
      if (!signal.aborted) this.#enter('waiting', messageOf(error));
    }
  }

  async #solved(): Promise<void> {
    const scenario = this.#scenario();
    const last = this.#progress.step === scenario.steps.length - 1;
    if (last && !this.#progress.done.includes(scenario.id)) this.#progress.done.push(scenario.id);
    await this.#save();
    this.#enter(last && scenario === this.#scenarios.at(-1) ? 'finished' : 'solved');
  }

  async #save(): Promise<void> {
    const { baseline, variables } = this.#context;
    this.#progress.variables = Object.fromEntries(variables);
    if (baseline) this.#progress.baseline = baseline;
    await writeProgress(this.#progressFile, this.#progress);
  }

  #enter(phase: SessionState['phase'], message = ''): void {
    this.#phase = phase;
    this.#message = message;
    this.#changed();
  }

  #changed(): void {
    if (this.#listeners.size === 0) return;
    const state = this.state();
    for (const listener of this.#listeners) listener(state);
  }

  /** Whatever the platform records is a reason to look again. */
  async #ringOnEvents(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        // Nothing of the past: only what comes from now on.
        const coming = this.#context.api().followEvents(Number.MAX_SAFE_INTEGER, { signal });
        for await (const _entry of coming) this.#wake.ring();
      } catch {
        // The platform restarts or stops; the slower rounds go on meanwhile.
      }
      await this.#wake.wait(IDLE_POLL_MS, { signal });
    }
  }
}
