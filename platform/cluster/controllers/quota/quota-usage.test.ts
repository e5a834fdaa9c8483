import { expect, test } from 'vitest';
import type { Pod } from '../../controller-runtime/index.ts';
import { formatQuantity } from '../../schema/index.ts';
import { inScope, usageOf } from './quota-usage.ts';

const pod = (spec: Partial<Pod['spec']>, status: Pod['status'] = { phase: 'Running', qosClass: 'Burstable' }): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'n' },
  spec: { containers: [], ...spec },
  status,
});

const shown = (object: Parameters<typeof usageOf>[0]) =>
  Object.fromEntries([...usageOf(object)].map(([name, amount]) => [name, formatQuantity(amount)]));

test('a pod uses the sum of its containers, or its hungriest init container, until it has ended', () => {
  const container = (cpu: string) => ({ name: cpu, resources: { requests: { cpu }, limits: { cpu: '1' } } });
  const spec = { containers: [container('100m'), container('200m')], initContainers: [container('250m'), container('400m')] };
  expect(shown(pod(spec))).toEqual({ pods: '1', cpu: '400m', 'requests.cpu': '400m', 'limits.cpu': '2' });
  expect(shown(pod(spec, { phase: 'Succeeded' }))).toEqual({});
});

test('services and claims count by their kind and class', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {},
    spec: { type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2 }] },
  };
  expect(shown(service)).toEqual({ services: '1', 'services.loadbalancers': '1', 'services.nodeports': '2' });
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {},
    spec: { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
  };
  expect(shown(claim)).toMatchObject({ 'requests.storage': '1Gi', 'fast.storageclass.storage.k8s.io/requests.storage': '1Gi' });
});

test('scopes choose which pods count', () => {
  const bounded = pod({ activeDeadlineSeconds: 5 });
  expect(inScope({}, bounded)).toBe(true);
  expect(inScope({ scopes: ['Terminating', 'NotBestEffort'] }, bounded)).toBe(true);
  expect(inScope({ scopes: ['NotTerminating'] }, bounded)).toBe(false);
  const important = pod({ priorityClassName: 'high' });
  const selector = { matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }] };
  expect(inScope({ scopeSelector: selector }, important)).toBe(true);
  expect(inScope({ scopeSelector: selector }, bounded)).toBe(false);
});
