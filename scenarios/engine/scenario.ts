// A scenario as data: what a learner sees, what makes it so (setup), what proves it (checks), what does it for them (solve).

/** Exactly one key of the registered actions with its parameters, and optionally a check that makes it needless. */
export interface ActionCall {
  name: string;
  parameters: Record<string, unknown>;
  unless?: CheckCall;
  line: number;
}

export interface CheckCall {
  /** As the learner reads it: `dev answers with the new version`. */
  title: string;
  name: string;
  parameters: Record<string, unknown>;
  line: number;
}

export interface ScenarioStep {
  id: string;
  title: string;
  goal: string;
  /** Markdown. */
  text: string;
  setup: ActionCall[];
  checks: CheckCall[];
  hints: string[];
  solve: ActionCall[];
  /** How long the checks may take to pass after the solve. */
  timeoutMs: number;
}

export interface Scenario {
  /** The folder's name without its number: `push-a-fix`. */
  id: string;
  /** From the folder's name: `01-push-a-fix` is 1. */
  number: number;
  title: string;
  summary: string;
  minutes: number;
  /** The scenario.yaml, for messages. */
  file: string;
  setup: ActionCall[];
  steps: ScenarioStep[];
}

/** The state of one check: `detail` says what was seen, or what it waits for. */
export interface CheckState {
  title: string;
  ok: boolean;
  detail: string;
}

export interface StepResult {
  scenario: string;
  step: string;
  title: string;
  status: 'passed' | 'failed' | 'skipped';
  ms: number;
  detail: string;
  checks: CheckState[];
}

export interface ScenarioResult {
  scenario: string;
  number: number;
  title: string;
  status: 'passed' | 'failed';
  ms: number;
  steps: StepResult[];
}
