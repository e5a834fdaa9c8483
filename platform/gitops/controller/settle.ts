// When nothing more will happen by itself.
import { type AppState, conditionsOf } from './app-state.ts';
import { messageFor } from './views.ts';

/** What an automated application still waits for; undefined when it is Synced and Healthy, or has failed. */
export function waitsFor(state: AppState): string | undefined {
  const { application, operation, name } = state;
  if (operation?.phase === 'Running') return `${name} is being synced: ${operation.message}`;
  if (!application?.automated)
    return state.specConditions.length > 0 || application ? undefined : `${name} has not been read yet`;
  const failed = conditionsOf(state).length > 0 && state.retryAt === undefined;
  if (failed || state.health === 'Degraded' || state.health === 'Suspended') return undefined;
  if (state.sync === 'Synced' && state.health === 'Healthy') return undefined;
  const message = messageFor(state);
  return `${name} is ${state.sync}, ${state.health}${message ? `: ${message}` : ''}`;
}
