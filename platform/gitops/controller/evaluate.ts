// Compares an application with its target and tells the result: sync, health, what differs. Reads the cluster by dry run at most.
import { DarumaError, messageOf } from '../../core/index.ts';
import { isApiError } from '../../kube/index.ts';
import { worstHealth } from '../health/index.ts';
import type { AppState } from './app-state.ts';
import { type Comparison, compareApplication, confirmComparison, isInSync, resourceStates } from './compare-application.ts';
import type { EngineContext } from './context.ts';

/** Without a request: for the decision whether to sync. Undefined when there is nothing to compare with. */
export function compare(state: AppState, context: EngineContext): Comparison | undefined {
  const { application, target } = state;
  if (!application || !target) return undefined;
  const { live, evaluator, exists } = context;
  return compareApplication({ application, set: target, live, evaluator, exists });
}

/** Brings `sync`, `health` and `resources` up to date and publishes them. Never throws for what the cluster answers. */
export async function evaluate(state: AppState, context: EngineContext, comparison = compare(state, context)): Promise<void> {
  const { application, target } = state;
  if (!application || !target || !comparison) {
    state.sync = 'Unknown';
    state.health = state.resources.length > 0 ? state.health : 'Unknown';
    await context.publish(state);
    return;
  }
  try {
    await confirmComparison(comparison, { application, evaluator: context.evaluator, signal: context.signal });
    delete state.comparisonError;
  } catch (error) {
    context.signal.throwIfAborted();
    state.comparisonError = { type: 'ComparisonError', message: messageOf(error) };
    if (isPassing(error)) context.requestRefreshIn(state.name, 1_000);
  }
  const inSync = isInSync(comparison, application);
  state.resources = resourceStates(comparison, application);
  state.sync = inSync ? 'Synced' : 'OutOfSync';
  state.health = worstHealth(
    state.resources
      .filter(resource => !resource.requiresPruning && !resource.healthIgnored)
      .map(({ health }) => (health ? { status: health } : undefined)),
  );
  state.warnings = [
    ...target.conditions.filter(({ type }) => type !== 'InvalidSpecError'),
    ...comparison.items.flatMap(({ item, claimedBy }) =>
      claimedBy
        ? [
            {
              type: 'SharedResourceWarning',
              message: `${item.object.kind}/${item.object.metadata.name} is part of applications ${state.name} and ${claimedBy}`,
            },
          ]
        : [],
    ),
    ...state.warnings.filter(({ type }) => type === 'HistoryWarning'),
  ];
  if (inSync) {
    // The cluster is as the target wants it, whichever revision was applied last.
    state.deployed = target;
    state.behind = 0;
  }
  state.reconciledAt = context.clock.now().toISOString();
  await context.publish(state);
}

/** True for what an API server answers, or does not, while it starts or is overloaded. */
function isPassing(error: unknown): boolean {
  if (error instanceof DarumaError && error.code === 'KUBERNETES_UNREACHABLE') return true;
  return [429, 500, 502, 503, 504].some(status => isApiError(error, status));
}
