// The scenario engine as the terminal UI wants it, and the context that both it and the tour work with.

import { join } from 'node:path';
import type { PlatformStatus } from '../../platform/api/index.ts';
import { DarumaError, homePaths } from '../../platform/core/index.ts';
import {
  createScenarioContext,
  type Scenario,
  type ScenarioContext,
  ScenarioSession,
  type SessionState,
} from '../../scenarios/engine/index.ts';
import type { ScenarioPort, ScenarioView } from '../../tui/index.ts';
import { readCredentials } from '../credentials.ts';

/** The context of a running platform, as its lead. */
export async function scenarioContext(status: PlatformStatus): Promise<ScenarioContext & AsyncDisposable> {
  const credentials = await readCredentials(homePaths(status.home));
  if (!credentials) throw new DarumaError('NOT_RUNNING', `${status.home} has no credentials`, { hint: 'daruma up' });
  const tokens = Object.fromEntries(['lead', 'dev'].map(user => [user, credentials.of(user).token]));
  const { home, api, git, registry, ingress, kubeconfig } = status;
  return createScenarioContext({ home, api, git, registry, ingress, kubeconfig, tokens });
}

/** A live session behind the port of the terminal UI. Dispose it when the UI has gone. */
export async function openScenarioPort(scenarios: Scenario[], status: PlatformStatus): Promise<ScenarioPort & AsyncDisposable> {
  const context = await scenarioContext(status);
  const session = await ScenarioSession.open({ scenarios, context, progressFile: join(status.home, 'tour.json') });
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  let hintsShown = 0;
  let state = session.state();
  let view = toView(state, hintsShown);
  const show = (next: SessionState) => {
    if (next.step !== state.step || next.scenario.id !== state.scenario.id) hintsShown = 0;
    state = next;
    view = toView(state, hintsShown);
    for (const listener of listeners) listener();
  };
  session.onChange(show, { signal: closing.signal });
  const settle = (work: Promise<void>) => void work.catch(() => {});
  return {
    view: () => view,
    subscribe: listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    hint: () => {
      hintsShown++;
      show(state);
    },
    solve: () => session.solve(),
    next: () => settle(session.next()),
    skip: () => settle(session.skip()),
    reset: () => settle(session.reset()),
    open: number => settle(session.select(String(number))),
    async [Symbol.asyncDispose]() {
      closing.abort();
      await session[Symbol.asyncDispose]();
      await context[Symbol.asyncDispose]();
    },
  };
}

function toView({ scenarios, scenario, step, steps, checks, phase, message }: SessionState, hintsShown: number): ScenarioView {
  const current = steps[step];
  return {
    number: scenario.number,
    count: scenarios.length,
    title: scenario.title,
    step: { index: step, count: steps.length, title: current?.title ?? '', goal: current?.goal ?? '', text: current?.text ?? '' },
    checks,
    hints: { shown: current?.hints.slice(0, hintsShown) ?? [], total: current?.hints.length ?? 0 },
    phase,
    message,
  };
}
