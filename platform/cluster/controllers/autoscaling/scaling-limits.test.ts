import { expect, test } from 'vitest';
import type { Autoscaler } from './autoscaler.ts';
import { limitProposal, type Recommendation } from './scaling-limits.ts';

const autoscaler = (behavior?: Autoscaler['spec']['behavior']): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h' },
  spec: {
    scaleTargetRef: { kind: 'Deployment', name: 'web' },
    minReplicas: 2,
    maxReplicas: 10,
    ...(behavior ? { behavior } : {}),
  },
});

const limit = (
  proposal: number,
  current: number,
  { history = [] as Recommendation[], now = 0, behavior = undefined as Autoscaler['spec']['behavior'] } = {},
) => limitProposal(autoscaler(behavior), { proposal, current, history, now });

test('bounds hold', () => {
  expect(limit(1, 2)).toMatchObject({ replicas: 2, limit: { reason: 'TooFewReplicas' } });
  expect(limit(20, 8)).toMatchObject({ replicas: 10, limit: { reason: 'TooManyReplicas' } });
});

test('it grows by no more than double or four pods at a time', () => {
  expect(limit(9, 2)).toMatchObject({ replicas: 6, limit: { reason: 'ScaleUpLimit' } });
});

test('it shrinks only when the lower size was enough for five minutes', () => {
  const history: Recommendation[] = [];
  expect(limit(8, 8, { history, now: 0 }).replicas).toBe(8);
  expect(limit(3, 8, { history, now: 60_000 })).toMatchObject({ replicas: 8, stabilized: true });
  expect(limit(3, 8, { history, now: 400_000 })).toMatchObject({ replicas: 3, stabilized: false });
  expect(history).toHaveLength(1);
});

test('rules of the user replace the defaults', () => {
  const behavior = {
    scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }] },
    scaleDown: { selectPolicy: 'Disabled', stabilizationWindowSeconds: 0 },
  };
  expect(limit(9, 3, { behavior }).replicas).toBe(4);
  expect(limit(2, 5, { behavior }).replicas).toBe(5);
});
