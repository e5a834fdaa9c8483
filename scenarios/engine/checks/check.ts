// What a check is: a question to the platform that answers with what it saw.
import { DarumaError } from '../../../platform/core/index.ts';
import type { Baseline, RepositoryName, ScenarioContext } from '../context.ts';

export interface CheckOutcome {
  ok: boolean;
  /** What was seen; while it is not ok, what is waited for. One line. */
  detail: string;
}

/** Only what a check needs of one round: heads are asked for once, however many checks want them. */
export interface CheckScope {
  context: ScenarioContext;
  signal: AbortSignal;
  head(repository: RepositoryName): Promise<string>;
}

// biome-ignore lint/suspicious/noExplicitAny: each check takes its own parameters; the scenario's schema has proven them.
export type Check<P = any> = (parameters: P, scope: CheckScope) => Promise<CheckOutcome>;

export function passed(detail: string): CheckOutcome {
  return { ok: true, detail };
}

export function waiting(detail: string): CheckOutcome {
  return { ok: false, detail };
}

/** @throws INVALID_INPUT for a check that asks what happened since a step's beginning, outside a step. */
export function baselineOf({ context }: CheckScope): Baseline {
  if (!context.baseline) {
    throw new DarumaError('INVALID_INPUT', 'this check asks what happened since the step began, and no step has begun', {
      hint: 'use it in the checks of a step',
    });
  }
  return context.baseline;
}

export const short = (sha: string): string => sha.slice(0, 7) || 'nothing';
