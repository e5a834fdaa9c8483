// Did the journal record something since the step began?
import { isDeepStrictEqual } from 'node:util';
import { baselineOf, type Check, passed, waiting } from './check.ts';

export interface EventParameters {
  type: string;
  actor?: string;
  /** Fields of the event with their values. */
  data?: Record<string, unknown>;
}

export const event: Check<EventParameters> = async ({ type, actor, data = {} }, scope) => {
  const entries = await scope.context.api().events(baselineOf(scope).seq, scope);
  const found = entries.find(
    entry =>
      entry.type === type &&
      (actor === undefined || entry.actor === actor) &&
      Object.entries(data).every(([key, value]) => isDeepStrictEqual((entry.data as Record<string, unknown>)[key], value)),
  );
  const what = [type, ...Object.values(data).map(String)].join(' ');
  return found ? passed(`${what}${found.actor ? ` by ${found.actor}` : ''}`) : waiting(`no ${what} yet`);
};
