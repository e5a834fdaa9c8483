import { describe, expect, it } from 'vitest';
import { created, strategyOf, updated } from '../written-object.ts';

const pod = (spec: object, name = 'a') => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
const container = (fields: object = {}) => ({ name: 'c', image: 'nginx:1.27', ...fields });

describe('a pod', () => {
  it('gets the defaults of Kubernetes', () => {
    const { object, errors } = created(pod({ containers: [container()] }));
    expect(errors).toEqual([]);
    expect(object.metadata.generation).toBe(1);
    expect(object['status']).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
    expect(object['spec']).toEqual({
      containers: [
        {
          image: 'nginx:1.27',
          imagePullPolicy: 'IfNotPresent',
          name: 'c',
          resources: {},
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
        },
      ],
      dnsPolicy: 'ClusterFirst',
      enableServiceLinks: true,
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      securityContext: {},
      terminationGracePeriodSeconds: 30,
    });
  });

  it('requests what it limits, and pulls what has no tag', () => {
    const { object } = created(
      pod({ containers: [container({ image: 'registry:5000/x', resources: { limits: { cpu: '0.1', memory: '64Mi' } } })] }),
    );
    expect(object['spec']).toMatchObject({
      containers: [{ imagePullPolicy: 'Always', resources: { requests: { cpu: '100m', memory: '64Mi' } } }],
    });
    expect(object['status']).toMatchObject({ qosClass: 'Guaranteed' });
  });

  it.each([
    [
      { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [{ volumes: [{ name: 'v' }, { name: 'v' }] }, ['spec.volumes[1].name: Duplicate value: "v"']],
    [
      { restartPolicy: 'Sometimes' },
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [{ activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
  ])('is refused with the words of Kubernetes: %o', (fields, wanted) => {
    expect(created(pod({ containers: [container()], ...fields })).errors).toEqual(wanted);
  });

  it.each([
    [{ livenessProbe: {} }, ['spec.containers[0].livenessProbe: Required value: must specify a handler type']],
    [
      { livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2, periodSeconds: -1 } },
      [
        'spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      ],
    ],
    [{ volumeMounts: [{ name: 'none', mountPath: '/x' }] }, ['spec.containers[0].volumeMounts[0].name: Not found: "none"']],
    [
      { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } },
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
  ])('has containers that are refused with the words of Kubernetes: %o', (fields, wanted) => {
    expect(created(pod({ containers: [container(fields)] })).errors).toEqual(wanted);
  });

  it('may change its image, and nothing else', () => {
    const { object } = created(pod({ containers: [container()] }));
    const image = updated(object, next =>
      Object.assign(next, { spec: { ...(next['spec'] as object), containers: [container({ image: 'nginx:2' })] } }),
    );
    expect(image.errors).toEqual([]);
    expect(image.object.metadata.generation).toBe(2);
    const { errors } = updated(object, next => Object.assign(next['spec'] as object, { nodeName: 'x' }));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain('spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`');
    expect(errors[0]).toContain(
      '@@ -42,7 +42,7 @@\n  "NodeSelector": null,\n  "ServiceAccountName": "",\n  "AutomountServiceAccountToken": null,\n- "NodeName": "",\n+ "NodeName": "x",\n',
    );
  });

  it('takes new ephemeral containers by their subresource alone', () => {
    const { object } = created(pod({ containers: [container()] }));
    const add = (next: { [field: string]: unknown }) =>
      Object.assign(next['spec'] as object, { ephemeralContainers: [{ name: 'dbg', image: 'busybox' }] });
    expect(updated(object, add).errors).toHaveLength(1);
    const { object: next, errors } = updated(object, add, 'ephemeralcontainers');
    expect(errors).toEqual([]);
    expect(next['spec']).toMatchObject({ ephemeralContainers: [{ name: 'dbg', imagePullPolicy: 'Always' }] });
  });

  it('shows in a table what holds it back', () => {
    const { object } = created(pod({ containers: [container()], initContainers: [container({ name: 'i' })] }));
    const strategy = strategyOf(object);
    const now = new Date('2026-01-01T01:00:00Z');
    object.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
    const cells = (status: object) => {
      object['status'] = status;
      return strategy.cells(object, now);
    };
    expect(cells({ phase: 'Pending' })).toEqual(['a', '0/1', 'Pending', '0', '60m', '<none>', '<none>', '<none>', '<none>']);
    const crashed = { name: 'i', restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } };
    expect(cells({ phase: 'Pending', initContainerStatuses: [crashed] })[2]).toBe('Init:CrashLoopBackOff');
    const done = { name: 'i', restartCount: 0, state: { terminated: { exitCode: 0 } } };
    const running = {
      name: 'c',
      ready: true,
      restartCount: 2,
      state: { running: {} },
      lastState: { terminated: { finishedAt: '2026-01-01T00:58:00Z' } },
    };
    expect(
      cells({ phase: 'Running', podIP: '10.244.0.7', initContainerStatuses: [done], containerStatuses: [running] }).slice(1, 6),
    ).toEqual(['1/1', 'Running', '2 (2m ago)', '60m', '10.244.0.7']);
  });

  it('waits for its processes when it runs, and for nothing otherwise', () => {
    const { object } = created(pod({ containers: [container()] }));
    const { deletion } = strategyOf(object);
    expect(deletion.gracePeriodSeconds?.(object)).toBe(0);
    Object.assign(object['spec'] as object, { nodeName: 'n1' });
    expect(deletion.gracePeriodSeconds?.(object)).toBe(30);
  });
});
