import { expect, test } from 'vitest';
import type { Node, Pod } from '../../controller-runtime/index.ts';
import { type DaemonSet, newPod } from './daemon-set.ts';
import { planDaemonSet } from './daemon-set-plan.ts';

const node = (name: string, spec: Node['spec'] = {}): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name }, spec });
const nodes = ['a', 'b', 'c'].map(name => node(name));
const now = new Date('2024-01-01T00:00:00Z');

const set = (rollingUpdate: Record<string, number | string> = {}): DaemonSet => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'agent', namespace: 'n', uid: 'u' },
  spec: {
    selector: { matchLabels: { app: 'agent' } },
    template: { metadata: { labels: { app: 'agent' } }, spec: { containers: [{ name: 'c' }] } },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate },
  },
});

function pod(on: string, hash: string, ready = true, phase = 'Running'): Pod {
  const made = newPod(set(), on, hash);
  return {
    ...made,
    metadata: { ...made.metadata, name: `${on}-${hash}` },
    spec: { ...made.spec, nodeName: on },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2023-01-01T00:00:00Z' }],
    },
  };
}

const plan = (pods: Pod[], { on = nodes, rules = {} }: { on?: Node[]; rules?: Record<string, number | string> } = {}) => {
  const { create, remove, failed } = planDaemonSet({ set: set(rules), nodes: on, pods, hash: 'new', now });
  return { create, remove: remove.map(({ metadata }) => metadata.name), failed: failed.map(({ metadata }) => metadata.name) };
};

test('each node that fits gets one pod; taints keep it off', () => {
  const tainted = node('d', { taints: [{ key: 'x', effect: 'NoSchedule' }] });
  const cordoned = node('e', {
    unschedulable: true,
    taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }],
  });
  expect(plan([], { on: [...nodes, tainted, cordoned] }).create).toEqual(['a', 'b', 'c', 'e']);
});

test('pods on nodes that are gone or evict are removed, failed ones are replaced', () => {
  const evicting = node('b', { taints: [{ key: 'x', effect: 'NoExecute' }] });
  const pods = [pod('a', 'new', false, 'Failed'), pod('b', 'new'), pod('gone', 'new')];
  expect(plan(pods, { on: [node('a'), evicting] })).toEqual({ create: [], remove: ['gone-new', 'b-new'], failed: ['a-new'] });
});

test('an update takes one node at a time unless more may be unavailable', () => {
  const old = ['a', 'b', 'c'].map(on => pod(on, 'old'));
  expect(plan(old).remove).toEqual(['a-old']);
  expect(plan(old, { rules: { maxUnavailable: 2 } }).remove).toEqual(['a-old', 'b-old']);
  expect(plan([pod('a', 'new', false), pod('b', 'old'), pod('c', 'old')]).remove).toEqual([]);
  // An old pod that does not serve is no loss.
  expect(plan([pod('a', 'new', false), pod('b', 'old', false), pod('c', 'old')]).remove).toEqual(['b-old']);
});

test('with a surge the new pod runs beside the old one until it serves', () => {
  const rules = { maxSurge: 1, maxUnavailable: 0 };
  expect(plan([pod('a', 'old'), pod('b', 'old'), pod('c', 'old')], { rules })).toMatchObject({ create: ['a'], remove: [] });
  expect(plan([pod('a', 'old'), pod('a', 'new', false), pod('b', 'old'), pod('c', 'old')], { rules })).toMatchObject({
    create: [],
    remove: [],
  });
  expect(plan([pod('a', 'old'), pod('a', 'new'), pod('b', 'old'), pod('c', 'old')], { rules }).remove).toEqual(['a-old']);
});
