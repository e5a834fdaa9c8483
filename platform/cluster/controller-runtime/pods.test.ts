import { expect, test } from 'vitest';
import type { Pod } from './api-types.ts';
import { mapMatches, selectorMatches } from './label-selector.ts';
import { availableIn, inDeletionOrder } from './pods.ts';
import { canonical, templateHash } from './template-hash.ts';

const pod = (
  name: string,
  fields: Partial<Pod> & { ready?: string; node?: string; annotations?: Record<string, string> } = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    ...(fields.annotations ? { annotations: fields.annotations } : {}),
    creationTimestamp: '2024-01-01T00:00:00Z',
  },
  spec: { containers: [], ...(fields.node ? { nodeName: fields.node } : {}) },
  status: {
    phase: fields.node ? 'Running' : 'Pending',
    ...(fields.ready ? { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: fields.ready }] } : {}),
  },
});

test('pods without a node go first, then unready ones, then those with the lowest deletion cost', () => {
  const old = pod('old', { node: 'n', ready: '2024-01-01T00:00:00Z' });
  const fresh = pod('fresh', { node: 'n', ready: '2024-01-02T00:00:00Z' });
  const dear = pod('dear', {
    node: 'n',
    ready: '2024-01-03T00:00:00Z',
    annotations: { 'controller.kubernetes.io/pod-deletion-cost': '5' },
  });
  const unready = pod('unready', { node: 'n' });
  const waiting = pod('waiting');
  const order = inDeletionOrder([old, fresh, dear, unready, waiting]).map(({ metadata }) => metadata.name);
  expect(order).toEqual(['waiting', 'unready', 'fresh', 'old', 'dear']);
});

test('a ready pod is available after minReadySeconds', () => {
  const ready = pod('a', { node: 'n', ready: '2024-01-01T00:00:00Z' });
  expect(availableIn(ready, 0, new Date('2024-01-01T00:00:00Z'))).toBe(0);
  expect(availableIn(ready, 10, new Date('2024-01-01T00:00:04Z'))).toBe(6_000);
  expect(availableIn(ready, 10, new Date('2024-01-01T00:00:30Z'))).toBe(0);
  expect(availableIn(pod('b'), 10, new Date())).toBeUndefined();
});

test('selectors match as Kubernetes says', () => {
  const labels = { app: 'web', tier: 'front' };
  expect(selectorMatches(undefined, labels)).toBe(false);
  expect(selectorMatches({}, labels)).toBe(true);
  expect(selectorMatches({ matchLabels: { app: 'web' } }, labels)).toBe(true);
  expect(selectorMatches({ matchLabels: { app: 'db' } }, labels)).toBe(false);
  expect(selectorMatches({ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['back'] }] }, labels)).toBe(true);
  expect(selectorMatches({ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['a'] }] }, labels)).toBe(true);
  expect(selectorMatches({ matchExpressions: [{ key: 'zone', operator: 'Exists' }] }, labels)).toBe(false);
  expect(mapMatches({ app: 'web' }, undefined)).toBe(false);
});

test('a hash depends on content and collisions, not on the order of keys', () => {
  expect(canonical({ b: 1, a: [{ d: undefined, c: null }] })).toBe('{"a":[{}],"b":1}');
  expect(templateHash({ a: 1, b: 2 })).toBe(templateHash({ b: 2, a: 1 }));
  expect(templateHash({ a: 1 })).not.toBe(templateHash({ a: 1 }, 1));
  expect(templateHash({ a: 1 })).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
});
