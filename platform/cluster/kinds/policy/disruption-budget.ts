// PodDisruptionBudgets, and the arithmetic of an eviction against one.
import type { V1PodDisruptionBudget } from '@kubernetes/client-node';
import { validateAtMostHundredPercent, validateIntOrPercent } from '../apps/int-or-percent.ts';
import { invalid, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Selector, selectorFields, validateSelector } from '../meta/selectors.ts';
import type { Loose } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

type Budget = Loose<V1PodDisruptionBudget>;
const EVICTION_POLICIES = ['AlwaysAllow', 'IfHealthyBudget'];
const shown = (value: unknown): string => (value === undefined || value === null ? 'N/A' : String(value));

export const disruptionBudgetRules: KindRules = rulesFor<Budget>({
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({ currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 }),
  validate(budget) {
    const { minAvailable, maxUnavailable, selector, unhealthyPodEvictionPolicy: policy } = budget.spec ?? {};
    const errors = [];
    if (minAvailable !== undefined && maxUnavailable !== undefined) {
      const bad = {
        MinAvailable: minAvailable,
        Selector: selector ? selectorFields(selector as Selector) : null,
        MaxUnavailable: maxUnavailable,
        UnhealthyPodEvictionPolicy: policy ?? null,
      };
      errors.push(invalid('spec', struct(bad), 'minAvailable and maxUnavailable cannot be both set'));
    }
    for (const [field, value] of [
      ['spec.minAvailable', minAvailable],
      ['spec.maxUnavailable', maxUnavailable],
    ] as const) {
      if (value !== undefined) errors.push(...validateIntOrPercent(value, field), ...validateAtMostHundredPercent(value, field));
    }
    errors.push(...validateSelector(selector as Selector | undefined, 'spec.selector'));
    if (policy !== undefined && !EVICTION_POLICIES.includes(policy))
      errors.push(unsupported('spec.unhealthyPodEvictionPolicy', policy, EVICTION_POLICIES));
    return errors;
  },
  cells: (obj, now) => [
    nameOf(obj),
    shown(obj.spec?.minAvailable),
    shown(obj.spec?.maxUnavailable),
    obj.status?.disruptionsAllowed ?? 0,
    age(obj, now),
  ],
});
