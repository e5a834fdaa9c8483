import { expect, test } from 'vitest';
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import { type Deployment, findNewSet, rollingLimits } from './deployment.ts';
import { newSetSize } from './scaling.ts';
import { annotationsAtRevision } from './set-annotations.ts';

const template = (image: string, labels: Record<string, string> = { app: 'web' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image }] },
});

const deployment = (spec: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', annotations: { note: 'x', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } },
  spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template('a:1'), ...spec },
});

const set = (replicas: number, image = 'a:1', annotations: Record<string, string> = {}): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: `web-${image}`, annotations },
  spec: { replicas, selector: {}, template: template(image, { app: 'web', 'pod-template-hash': 'abc' }) },
});

const rolling = (maxSurge: number | string, maxUnavailable: number | string, replicas = 4) =>
  rollingLimits(deployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } }));

test('surge is rounded up and unavailability down; both at zero would never move', () => {
  expect(rolling('25%', '25%')).toEqual({ maxSurge: 1, maxUnavailable: 1 });
  expect(rolling('25%', '25%', 3)).toEqual({ maxSurge: 1, maxUnavailable: 0 });
  expect(rolling(0, '10%', 3)).toEqual({ maxSurge: 0, maxUnavailable: 1 });
  expect(rolling(1, 10, 2)).toEqual({ maxSurge: 1, maxUnavailable: 2 });
  expect(rollingLimits(deployment({ strategy: { type: 'Recreate' } }))).toEqual({ maxSurge: 0, maxUnavailable: 0 });
});

test('the new set grows by what the surge leaves room for', () => {
  const surging = deployment({ strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
  expect(newSetSize(surging, [set(4), set(0, 'b')], set(0, 'b'))).toBe(1);
  expect(newSetSize(surging, [set(4), set(1, 'b')], set(1, 'b'))).toBe(1);
  expect(newSetSize(surging, [set(0, 'b')], set(0, 'b'))).toBe(4);
});

test('a set is the new one when its template is the same but for the hash', () => {
  const running = set(1);
  expect(findNewSet(deployment(), [set(1, 'b:1'), running])).toBe(running);
  expect(findNewSet(deployment(), [set(1, 'b:1')])).toBeUndefined();
});

test('a set that is taken up again keeps its older revisions as history', () => {
  const annotations = annotationsAtRevision(deployment(), set(0, 'a:1', { 'deployment.kubernetes.io/revision': '1' }), 3);
  expect(annotations).toMatchObject({
    note: 'x',
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });
  expect(annotations).not.toHaveProperty(['kubectl.kubernetes.io/last-applied-configuration']);
});
