import { expect, test } from 'vitest';
import type { Node, Pod, PodSpec } from '../controller-runtime/index.ts';
import { chooseNode, unschedulableMessage } from './choose-node.ts';
import { NodeUsage } from './node-usage.ts';
import type { Topology } from './pod-affinity.ts';

const node = (name: string, spec: Node['spec'] = {}, labels: Record<string, string> = {}): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
  spec,
  status: { allocatable: { cpu: '4', memory: '8Gi', pods: '3' } },
});

let count = 0;
const pod = (spec: Partial<PodSpec> = {}, labels: Record<string, string> = { app: 'web' }, owner?: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `p${++count}`,
    namespace: 'n',
    uid: `p${count}`,
    labels,
    ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'ReplicaSet', name: owner, uid: owner, controller: true }] } : {}),
  },
  spec: { containers: [{ name: 'c' }], ...spec },
  status: { phase: 'Pending' },
});

const asking = (cpu: string): Partial<PodSpec> => ({ containers: [{ name: 'c', resources: { requests: { cpu } } }] });

function topology(nodes: Node[], placed: [Pod, string][] = []): Topology {
  const usage = new NodeUsage();
  for (const [each, where] of placed) usage.put(each, where);
  return { nodes, usage, namespaceLabels: () => ({}) };
}

function messageFor(wanted: Pod, where: Topology): string {
  const choice = chooseNode(wanted, where);
  if ('node' in choice) throw new Error(`it fits on ${choice.node}`);
  return unschedulableMessage(where.nodes.length, choice.refusals, choice.helpless);
}

test('pods of one controller are spread over the nodes', () => {
  const nodes = [node('a'), node('b')];
  const first = pod({}, {}, 'rs');
  expect(chooseNode(pod({}, {}, 'rs'), topology(nodes, [[first, 'a']]))).toEqual({ node: 'b' });
});

test('requests count, also of pods that were just sent to a node', () => {
  const nodes = [node('a'), node('b')];
  const busy = topology(nodes, [[pod(asking('3500m')), 'a']]);
  expect(chooseNode(pod(asking('1')), busy)).toEqual({ node: 'b' });
  expect(messageFor(pod(asking('500')), busy)).toBe(
    '0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
  );
  expect(messageFor(pod(asking('3900m')), topology([node('a')], [[pod(asking('1')), 'a']]))).toContain(
    '1 No preemption victims found',
  );
});

test('a node takes no more pods than it has room for', () => {
  const full = topology(
    [node('a')],
    [0, 1, 2].map(() => [pod(), 'a']),
  );
  expect(messageFor(pod(), full)).toContain('1 Too many pods');
});

test('selectors, affinity, taints and cordons refuse in the words of kube-scheduler', () => {
  const nodes = [
    node('a'),
    node('b', { taints: [{ key: 'only', value: 'gpu', effect: 'NoSchedule' }] }),
    node('c', { unschedulable: true }),
  ];
  const where = topology(nodes);
  expect(chooseNode(pod({ nodeSelector: { 'kubernetes.io/hostname': 'a' } }), where)).toEqual({ node: 'a' });
  expect(messageFor(pod({ nodeSelector: { nowhere: 'x' } }), where)).toContain(
    "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint {only: gpu}, 1 node(s) were unschedulable.",
  );
  const tolerant = pod({ nodeSelector: { 'kubernetes.io/hostname': 'b' }, tolerations: [{ key: 'only', operator: 'Exists' }] });
  expect(chooseNode(tolerant, where)).toEqual({ node: 'b' });
});

test('anti-affinity holds for both sides, and affinity lets the first of a group in', () => {
  const nodes = [node('a'), node('b')];
  const term = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } };
  const lonely = pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } });
  const together = pod({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } } });
  expect(chooseNode(pod(), topology(nodes, [[lonely, 'a']]))).toEqual({ node: 'b' });
  expect(chooseNode(lonely, topology(nodes, [[pod(), 'b']]))).toEqual({ node: 'a' });
  expect(chooseNode(together, topology(nodes))).toHaveProperty('node');
  expect(chooseNode(together, topology(nodes, [[pod(), 'b']]))).toEqual({ node: 'b' });
});

test('a hard spread constraint limits the skew', () => {
  const spread = pod({
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } } },
    ],
  });
  const nodes = [node('a', {}, { zone: 'x' }), node('b', {}, { zone: 'y' })];
  expect(chooseNode(spread, topology(nodes, [[pod(), 'a']]))).toEqual({ node: 'b' });
});

test('without nodes it says so', () => {
  expect(unschedulableMessage(0, [], [])).toBe('no nodes available to schedule pods');
});
