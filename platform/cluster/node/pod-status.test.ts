import { describe, expect, it } from 'vitest';
import { expandReferences, serviceVariables } from './environment.ts';
import { fieldValue, resourceValue } from './field-values.ts';
import { computeStatus, type StatusInput } from './pod-status.ts';
import type { ContainerState, ContainerStatus, Pod, PodSpec } from './pod-types.ts';
import { goDuration, RestartBackoff } from './restart-backoff.ts';

const now = new Date('2026-01-02T03:04:05Z');

function container(state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name: 'app', state, lastState: {}, ready: false, started: false, restartCount: 0, image: 'i', imageID: '', ...more };
}

const running = { running: { startedAt: '' } };
const ended = (exitCode: number) => ({ terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } });

function status(main: ContainerStatus[], spec: Partial<PodSpec> = {}, more: Partial<StatusInput> = {}) {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', generation: 2 },
    spec: { containers: [{ name: 'app', image: 'i' }], ...spec },
  };
  return computeStatus({
    pod,
    init: [],
    main,
    podIP: '10.244.0.5',
    hostIP: '10.244.0.1',
    startTime: '',
    stopping: false,
    terminal: false,
    now,
    ...more,
  });
}

describe("a pod's phase", () => {
  it.each([
    ['Pending', [container({ waiting: { reason: 'ContainerCreating' } })], {}],
    ['Running', [container(running)], {}],
    ['Running', [container({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: ended(1) })], {}],
    ['Running', [container(ended(0))], { restartPolicy: 'Always' }],
    ['Succeeded', [container(ended(0))], { restartPolicy: 'Never' }],
    ['Failed', [container(ended(1))], { restartPolicy: 'Never' }],
    ['Running', [container(ended(1))], { restartPolicy: 'OnFailure' }],
    ['Running', [container(ended(1)), container(running)], { restartPolicy: 'Never' }],
  ] as const)('is %s', (phase, main, spec) => {
    expect(status([...main], spec).phase).toBe(phase);
  });

  it('waits for init containers, and ends when they fail for good', () => {
    const spec = { initContainers: [{ name: 'first', image: 'i' }] };
    const waiting = [container({ waiting: { reason: 'PodInitializing' } })];
    expect(status(waiting, spec, { init: [container(running)] }).phase).toBe('Pending');
    expect(status(waiting, { ...spec, restartPolicy: 'Never' }, { init: [container(ended(1))] }).phase).toBe('Failed');
    expect(status(waiting, spec, { init: [container(ended(1))] }).phase).toBe('Pending');
  });

  it('is an end once a deleted pod has stopped', () => {
    expect(status([container(ended(0))], {}, { terminal: true }).phase).toBe('Succeeded');
    expect(status([container(ended(137))], {}, { terminal: true }).phase).toBe('Failed');
  });
});

describe('conditions', () => {
  const condition = (result: ReturnType<typeof status>, type: string) => result.conditions?.find(entry => entry.type === type);

  it('name the containers that are not ready', () => {
    const result = status([container(running)]);
    expect(condition(result, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [app]',
      observedGeneration: 2,
    });
    expect(condition(result, 'Initialized')?.status).toBe('True');
  });

  it('wait for readiness gates and keep the times and conditions of others', () => {
    const conditions = [
      { type: 'ContainersReady', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' },
      { type: 'example.com/gate', status: 'False' },
    ] as const;
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {},
      status: { conditions: [...conditions] },
      spec: { containers: [{ name: 'app', image: 'i' }], readinessGates: [{ conditionType: 'example.com/gate' }] },
    };
    const result = status([container(running, { ready: true, started: true })], {}, { pod });
    expect(condition(result, 'Ready')?.reason).toBe('ReadinessGatesNotReady');
    expect(condition(result, 'ContainersReady')).toMatchObject({ status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' });
    expect(condition(result, 'example.com/gate')).toEqual(conditions[1]);
  });
});

describe('values', () => {
  it('expand references as Kubernetes does', () => {
    expect(expandReferences('$(A) $$(A) $(NONE) $A $(A', { A: '1' })).toBe('1 $(A) $(NONE) $A $(A');
  });

  it('describe services', () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'my-db' },
      spec: { clusterIP: '10.96.0.9', ports: [{ name: 'sql', port: 5432 }] },
    };
    expect(serviceVariables([service])).toMatchObject({
      MY_DB_SERVICE_HOST: '10.96.0.9',
      MY_DB_SERVICE_PORT: '5432',
      MY_DB_SERVICE_PORT_SQL: '5432',
      MY_DB_PORT_5432_TCP: 'tcp://10.96.0.9:5432',
    });
    expect(serviceVariables([{ ...service, spec: { clusterIP: 'None', ports: [{ port: 1 }] } }])).toEqual({});
  });

  it('tell a pod about itself', () => {
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', labels: { b: '2', a: 'x"y' } },
      spec: { containers: [] },
    };
    const facts = { podIP: '10.244.0.5', hostIP: '10.244.0.1', nodeName: 'daruma' };
    expect(fieldValue(pod, 'metadata.labels', facts)).toBe('a="x\\"y"\nb="2"');
    expect(fieldValue(pod, "metadata.labels['b']", facts)).toBe('2');
    expect(fieldValue(pod, 'spec.other', facts)).toBeUndefined();
    const limited = { name: 'c', image: 'i', resources: { limits: { cpu: '1500m', memory: '64Mi' } } };
    expect(resourceValue(limited, { resource: 'limits.cpu' })).toBe('2');
    expect(resourceValue(limited, { resource: 'requests.memory', divisor: '1Mi' })).toBe('64');
  });

  it('wait longer between restarts, up to five minutes', () => {
    const backoff = new RestartBackoff();
    expect([0, 0, 0, 0, 0, 0, 0, 0].map(ran => backoff.afterRun(ran))).toEqual([
      0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000,
    ]);
    expect(backoff.afterRun(600_000)).toBe(0);
    expect([10_000, 80_000, 300_000].map(goDuration)).toEqual(['10s', '1m20s', '5m0s']);
  });
});
