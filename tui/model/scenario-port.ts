// What the screens need of a scenario; implemented over the scenario engine by whoever starts the terminal UI.

export interface ScenarioStepView {
  title: string;
  goal: string;
  /** Markdown. */
  text: string;
  state: 'done' | 'current' | 'open' | 'skipped';
  /** Why the check does not hold yet: one line. */
  detail: string;
  hints: string[];
}

export interface ScenarioView {
  /** From 1. */
  number: number;
  count: number;
  title: string;
  finished: boolean;
  steps: ScenarioStepView[];
  /** An action of the engine that runs now: `doing it for you`, `resetting`. */
  busy: string | undefined;
  error: string | undefined;
}

/** Changes are told to subscribers; actions never throw, their failures are in the view. */
export interface ScenarioPort {
  view(): ScenarioView | undefined;
  subscribe(listener: () => void): () => void;
  /** Does the current step for the learner. */
  solve(): Promise<void>;
  skip(): Promise<void>;
  reset(): Promise<void>;
  /** Goes to another scenario; its setup runs. */
  open(number: number): Promise<void>;
}
