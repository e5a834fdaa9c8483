// What the screens need of a scenario; implemented over the scenario engine by whoever starts the terminal UI.

export interface ScenarioView {
  /** From 1. */
  number: number;
  count: number;
  title: string;
  /** `text` is Markdown; `index` counts from 0. */
  step: { index: number; count: number; title: string; goal: string; text: string };
  checks: { title: string; ok: boolean; detail: string }[];
  hints: { shown: string[]; total: number };
  phase: 'preparing' | 'waiting' | 'solving' | 'solved' | 'finished' | 'failed';
  message: string;
}

/** Changes are told to subscribers; actions never throw, their failures are in the view. `view` answers the same object until it changes. */
export interface ScenarioPort {
  view(): ScenarioView | undefined;
  subscribe(listener: () => void): () => void;
  hint(): void;
  /** Does the current step for the learner. */
  solve(): void;
  /** Goes on after a solved step. */
  next(): void;
  skip(): void;
  reset(): void;
  /** Goes to another scenario; its setup runs. */
  open(number: number): void;
}
