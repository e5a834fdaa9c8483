// Plays a scenario without anybody at the keys, and proves every step: not done before its solve, done after it.
import { messageOf } from '../../platform/core/index.ts';
import { takeBaseline } from './baseline.ts';
import type { ScenarioContext } from './context.ts';
import { allOk, awaitChecks, evaluateChecks, runActions, summaryOf } from './evaluate.ts';
import type { CheckState, Scenario, ScenarioResult, ScenarioStep, StepResult } from './scenario.ts';

export interface PlayOptions {
  signal: AbortSignal;
  /** A scenario's setup and then each of its steps begins. */
  onBegin?: (what: { scenario: Scenario; step?: ScenarioStep }) => void;
  /** The live state of the step that is being waited for. */
  onCheck?: (states: CheckState[], step: ScenarioStep) => void;
  onStep?: (result: StepResult) => void;
}

/** The first failed step ends the scenario; those behind it are `skipped`. Rejects only when the signal aborts. */
export async function playScenario(scenario: Scenario, context: ScenarioContext, options: PlayOptions): Promise<ScenarioResult> {
  const { signal } = options;
  const startedAt = performance.now();
  const steps: StepResult[] = [];
  const report = (result: StepResult) => {
    steps.push(result);
    options.onStep?.(result);
  };
  const settle = (step: ScenarioStep, from: number, status: StepResult['status'], detail: string, checks: CheckState[] = []) =>
    report({
      scenario: scenario.id,
      step: step.id,
      title: step.title,
      status,
      ms: Math.round(performance.now() - from),
      detail,
      checks,
    });

  context.baseline = undefined;
  options.onBegin?.({ scenario });
  let broken: string | undefined;
  try {
    await runActions(scenario.setup, context, { signal });
  } catch (error) {
    signal.throwIfAborted();
    broken = `the scenario could not be set up: ${messageOf(error)}`;
  }
  let failed = false;
  for (const step of scenario.steps) {
    const from = performance.now();
    if (failed) {
      settle(step, from, 'skipped', 'a step before it failed');
      continue;
    }
    try {
      if (broken) throw new Error(broken);
      options.onBegin?.({ scenario, step });
      const states = await playStep(step, context, options);
      settle(step, from, 'passed', summaryOf(states), states);
    } catch (error) {
      signal.throwIfAborted();
      failed = true;
      settle(step, from, 'failed', messageOf(error));
    }
  }
  return {
    scenario: scenario.id,
    number: scenario.number,
    title: scenario.title,
    status: failed ? 'failed' : 'passed',
    ms: Math.round(performance.now() - startedAt),
    steps,
  };
}

async function playStep(step: ScenarioStep, context: ScenarioContext, { signal, onCheck }: PlayOptions): Promise<CheckState[]> {
  await beginStep(step, context, { signal });
  const before = await evaluateChecks(step.checks, context, { signal });
  if (allOk(before)) throw new Error('its checks pass before it is solved, so they prove nothing');
  await runActions(step.solve, context, { signal });
  return awaitChecks(step.checks, context, { timeoutMs: step.timeoutMs, signal, onState: states => onCheck?.(states, step) });
}

/** Runs a step's setup and notes what stands then. */
export async function beginStep(
  step: ScenarioStep,
  context: ScenarioContext,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  await runActions(step.setup, context, { signal });
  context.baseline = await takeBaseline(context, { signal });
}
