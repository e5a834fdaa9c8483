// Asks checks and runs actions: the one place where a scenario's YAML meets the registered functions.
import { DarumaError, messageOf, systemClock } from '../../platform/core/index.ts';
import { actions } from './actions/index.ts';
import { type CheckScope, checks } from './checks/index.ts';
import type { RepositoryName, ScenarioContext } from './context.ts';
import type { ActionCall, CheckCall, CheckState } from './scenario.ts';
import { withVariables } from './variables.ts';

const POLL_MS = 100;
const SETUP_TIMEOUT_MS = 60_000;

type Signalled = { signal: AbortSignal };

/** One round: every check is asked once, all at the same time. A check that throws is not ok, and says why. */
export async function evaluateChecks(calls: CheckCall[], context: ScenarioContext, { signal }: Signalled): Promise<CheckState[]> {
  const heads = new Map<RepositoryName, Promise<string>>();
  const scope: CheckScope = {
    context,
    signal,
    head: repository => {
      const known = heads.get(repository) ?? context.git.remoteHead(repository, { signal });
      heads.set(repository, known);
      return known;
    },
  };
  return Promise.all(
    calls.map(async ({ title, name, parameters }) => {
      try {
        const check = checks[name];
        if (!check) throw new Error(`there is no check ${name}`);
        return { title, ...(await check(withVariables(parameters, context.variables), scope)) };
      } catch (error) {
        signal.throwIfAborted();
        return { title, ok: false, detail: messageOf(error) };
      }
    }),
  );
}

export const allOk = (states: CheckState[]): boolean => states.every(({ ok }) => ok);

/** What the first check that is not ok waits for; else the last one's detail. */
export function summaryOf(states: CheckState[]): string {
  const open = states.find(({ ok }) => !ok);
  return open ? `${open.title}: ${open.detail}` : (states.at(-1)?.detail ?? '');
}

export interface AwaitOptions extends Signalled {
  timeoutMs: number;
  onState?: (states: CheckState[]) => void;
}

/** Resolves with the states once all are ok. @throws TIMEOUT with what is missing */
export async function awaitChecks(calls: CheckCall[], context: ScenarioContext, options: AwaitOptions): Promise<CheckState[]> {
  const { timeoutMs, onState, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const states = await evaluateChecks(calls, context, { signal });
    onState?.(states);
    if (allOk(states)) return states;
    if (performance.now() > deadline) {
      throw new DarumaError('TIMEOUT', `${summaryOf(states)} (after ${timeoutMs / 1000} s)`, { data: { checks: states } });
    }
    await systemClock.sleep(POLL_MS, { signal });
  }
}

/** In order; the first failure ends it. @throws what the action threw */
export async function runActions(calls: ActionCall[], context: ScenarioContext, { signal }: Signalled): Promise<void> {
  for (const { name, parameters, unless } of calls) {
    signal.throwIfAborted();
    if (unless && allOk(await evaluateChecks([unless], context, { signal }))) continue;
    if (name === 'await') {
      await awaitChecks([parameters as unknown as CheckCall], context, { timeoutMs: SETUP_TIMEOUT_MS, signal });
      continue;
    }
    const action = actions[name];
    if (!action) throw new Error(`there is no action ${name}`);
    await action(withVariables(parameters, context.variables), { context, signal });
  }
}
