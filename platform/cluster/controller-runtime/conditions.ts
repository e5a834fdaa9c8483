// Conditions of a status: found by type, and set so that a time changes only when the state does.
import type { Condition } from './api-types.ts';

export function conditionOf(conditions: Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find(condition => condition.type === type);
}

/** The conditions without that type. */
export function withoutCondition(conditions: Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter(condition => condition.type !== type);
}

/** The conditions with this one in place. `lastTransitionTime` is kept while the status stays. */
export function withCondition(conditions: Condition[] | undefined, condition: Condition): Condition[] {
  const previous = conditionOf(conditions, condition.type);
  const next =
    previous?.status === condition.status ? { ...condition, lastTransitionTime: previous.lastTransitionTime ?? null } : condition;
  return [...withoutCondition(conditions, condition.type), next];
}
