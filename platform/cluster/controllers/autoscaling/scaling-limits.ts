// How far a proposal may move the size now: bounds, stabilization over time, and the pace of the behaviour rules.
import type { Autoscaler, ScalingRules } from './autoscaler.ts';

const DEFAULT_DOWN_WINDOW_S = 300;

export interface Recommendation {
  at: number;
  replicas: number;
}

export interface Limited {
  replicas: number;
  /** Why the proposal was not followed; undefined when it was. */
  limit?: { reason: 'TooFewReplicas' | 'TooManyReplicas' | 'ScaleUpLimit' | 'ScaleDownLimit'; message: string };
  stabilized: boolean;
}

/** Adds the proposal to `history` and forgets what no window needs any more. */
export function limitProposal(
  autoscaler: Autoscaler,
  { proposal, current, history, now }: { proposal: number; current: number; history: Recommendation[]; now: number },
): Limited {
  const { minReplicas = 1, maxReplicas, behavior } = autoscaler.spec;
  const downMs = (behavior?.scaleDown?.stabilizationWindowSeconds ?? DEFAULT_DOWN_WINDOW_S) * 1_000;
  const upMs = (behavior?.scaleUp?.stabilizationWindowSeconds ?? 0) * 1_000;
  history.push({ at: now, replicas: proposal });
  while ((history[0]?.at ?? now) < now - Math.max(downMs, upMs)) history.shift();
  const within = (ms: number) => history.filter(({ at }) => at >= now - ms).map(({ replicas }) => replicas);
  // Down no further than the highest recent wish, up no further than the lowest.
  let wanted = proposal;
  if (proposal < current) wanted = Math.min(current, Math.max(...within(downMs)));
  else if (proposal > current) wanted = Math.max(current, Math.min(...within(upMs)));
  const stabilized = wanted !== proposal;
  const pace = wanted > current ? paceUp(behavior?.scaleUp, current) : paceDown(behavior?.scaleDown, current);
  if (wanted > current && wanted > pace && pace < maxReplicas)
    return {
      replicas: pace,
      stabilized,
      limit: { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' },
    };
  if (wanted < current && wanted < pace && pace > minReplicas)
    return {
      replicas: pace,
      stabilized,
      limit: { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' },
    };
  if (wanted < minReplicas)
    return {
      replicas: minReplicas,
      stabilized,
      limit: { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' },
    };
  if (wanted > maxReplicas)
    return {
      replicas: maxReplicas,
      stabilized,
      limit: { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' },
    };
  return { replicas: wanted, stabilized };
}

function sizes({ policies = [] }: ScalingRules, current: number, sign: 1 | -1): number[] {
  return policies.map(({ type, value }) =>
    type === 'Percent'
      ? sign > 0
        ? Math.ceil(current * (1 + value / 100))
        : Math.floor(current * (1 - value / 100))
      : current + sign * value,
  );
}

function paceUp(rules: ScalingRules | undefined, current: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = rules?.policies?.length ? sizes(rules, current, 1) : [current * 2, current + 4];
  return rules?.selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function paceDown(rules: ScalingRules | undefined, current: number): number {
  if (rules?.selectPolicy === 'Disabled') return current;
  const limits = rules?.policies?.length ? sizes(rules, current, -1) : [0];
  return Math.max(0, rules?.selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits));
}
