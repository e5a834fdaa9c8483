import { describe, expect, it } from 'vitest';
import { created, strategyOf, updated } from '../written-object.ts';

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'nginx:1.27' }] } };
const workload = (kind: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'a' },
  spec: { selector: { matchLabels: { app: 'a' } }, template, ...spec },
});

describe('a Deployment', () => {
  it('rolls by quarters unless told otherwise', () => {
    const { object, errors } = created(workload('Deployment'));
    expect(errors).toEqual([]);
    expect(object['spec']).toMatchObject({
      progressDeadlineSeconds: 600,
      replicas: 1,
      revisionHistoryLimit: 10,
      strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' }, type: 'RollingUpdate' },
    });
    expect(created(workload('Deployment', { strategy: { type: 'Recreate' } })).object['spec']).toMatchObject({
      strategy: { type: 'Recreate' },
    });
  });

  it('says all that is missing at once', () => {
    expect(created({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } }).errors).toEqual([
      'spec.selector: Required value',
      'spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`',
      'spec.template.spec.containers: Required value',
    ]);
  });

  it('keeps its selector, and both ways of not matching are told', () => {
    const { object } = created(workload('Deployment'));
    const other = { matchLabels: { app: 'b' } };
    const { errors } = updated(object, next =>
      Object.assign(next['spec'] as object, { selector: other, template: { ...template, metadata: { labels: { app: 'b' } } } }),
    );
    expect(errors).toEqual(['spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']);
    expect(
      created(workload('Deployment', { selector: { matchExpressions: [{ key: 'app', operator: 'Wat', values: ['a'] }] } }))
        .errors,
    ).toEqual([
      'spec.selector.matchExpressions[0].operator: Invalid value: "Wat": not a valid selector operator',
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Wat","values":["a"]}]}: invalid label selector',
    ]);
  });

  it('counts a generation for spec and annotations, not for labels or status', () => {
    const { object } = created(workload('Deployment'));
    const generationAfter = (change: (next: typeof object) => void) => updated(object, change).object.metadata.generation;
    expect(generationAfter(next => Object.assign(next.metadata, { labels: { x: 'y' } }))).toBe(1);
    expect(generationAfter(next => Object.assign(next.metadata, { annotations: { x: 'y' } }))).toBe(2);
    expect(generationAfter(next => Object.assign(next['spec'] as object, { replicas: 3 }))).toBe(2);
    const { object: status } = updated(
      object,
      next =>
        Object.assign(next, {
          status: { replicas: 5 },
          spec: { replicas: 9 },
          metadata: { ...next.metadata, labels: { l: '1' } },
        }),
      'status',
    );
    expect(status['status']).toEqual({ replicas: 5 });
    expect(status['spec']).toEqual(object['spec']);
    expect(status.metadata).toEqual(object.metadata);
  });

  it('has a scale with its selector as text', () => {
    const { object } = created(workload('Deployment'));
    const { scale } = strategyOf(object);
    expect(scale?.get(object)).toEqual({ specReplicas: 1, statusReplicas: 0, selector: 'app=a' });
    scale?.set(object, 4);
    expect(object['spec']).toMatchObject({ replicas: 4, selector: { matchLabels: { app: 'a' } } });
  });

  it('warns of what an apply may lose', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'A', value: '2' },
    ];
    const spec = { containers: [{ name: 'c', image: 'x', env, ports: [{ containerPort: 80 }, { containerPort: 80 }] }] };
    expect(created(workload('Deployment', { template: { ...template, spec } })).warnings).toEqual([
      'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
      'spec.template.spec.containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]',
    ]);
  });

  it('shows its row', () => {
    const { object } = created(workload('Deployment'));
    object.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
    expect(strategyOf(object).cells(object, new Date('2026-01-01T00:00:05Z'))).toEqual([
      'a',
      '0/1',
      0,
      0,
      '5s',
      'c',
      'nginx:1.27',
      'app=a',
    ]);
  });
});

describe('a StatefulSet', () => {
  it('changes only what it may', () => {
    const { object, errors } = created(workload('StatefulSet', { serviceName: 'a' }));
    expect(errors).toEqual([]);
    expect(updated(object, next => Object.assign(next['spec'] as object, { replicas: 3, minReadySeconds: 1 })).errors).toEqual(
      [],
    );
    expect(updated(object, next => Object.assign(next['spec'] as object, { serviceName: 'other' })).errors[0]).toMatch(
      /^spec: Forbidden: updates to statefulset spec for fields other than 'replicas'/,
    );
    expect(created(workload('StatefulSet', { updateStrategy: { type: 'X' } })).errors).toEqual([
      `spec.updateStrategy: Invalid value: {"Type":"X","RollingUpdate":null}: must be 'RollingUpdate' or 'OnDelete'`,
    ]);
  });
});

describe('a DaemonSet', () => {
  it('counts changes of its template in an annotation', () => {
    const { object } = created(workload('DaemonSet'));
    const key = 'deprecated.daemonset.template.generation';
    expect(object.metadata.annotations).toEqual({ [key]: '1' });
    const same = updated(object, next => Object.assign(next['spec'] as object, { minReadySeconds: 3 }));
    expect(same.object.metadata.annotations?.[key]).toBe('1');
    const changed = { ...template, spec: { containers: [{ name: 'c', image: 'nginx:2' }] } };
    expect(
      updated(object, next => Object.assign(next['spec'] as object, { template: changed })).object.metadata.annotations?.[key],
    ).toBe('2');
  });
});
