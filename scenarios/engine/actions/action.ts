// What an action is: something done to the platform as a learner would do it, by git, the API or the cluster.
import type { ScenarioContext } from '../context.ts';

export interface ActionScope {
  context: ScenarioContext;
  signal: AbortSignal;
}

// biome-ignore lint/suspicious/noExplicitAny: each action takes its own parameters; the scenario's schema has proven them.
export type Action<P = any> = (parameters: P, scope: ActionScope) => Promise<void>;
