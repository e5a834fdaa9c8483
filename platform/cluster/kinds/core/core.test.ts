import { describe, expect, it } from 'vitest';
import type { KindObject } from '../strategy.ts';
import { created, strategyOf, updated } from '../written-object.ts';

const service = (spec: object, name = 'a') => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });

describe('a Service', () => {
  it('defaults by its type', () => {
    expect(created(service({ selector: { app: 'a' }, ports: [{ port: 80 }] })).object['spec']).toEqual({
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector: { app: 'a' },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
    expect(created(service({ clusterIP: 'None' })).object['spec']).toMatchObject({
      clusterIPs: ['None'],
      ipFamilies: ['IPv4', 'IPv6'],
      ipFamilyPolicy: 'RequireDualStack',
    });
    expect(created(service({ type: 'ExternalName', externalName: 'example.org' })).object['spec']).toEqual({
      externalName: 'example.org',
      sessionAffinity: 'None',
      type: 'ExternalName',
    });
  });

  it('keeps its address and its node ports when a client leaves them out', () => {
    const { object } = created(service({ type: 'NodePort', ports: [{ port: 80 }] }));
    Object.assign(object['spec'] as object, {
      clusterIP: '10.96.0.9',
      clusterIPs: ['10.96.0.9'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30080 }],
    });
    const { object: next, errors } = updated(object, wanted => {
      wanted['spec'] = { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] };
    });
    expect(errors).toEqual([]);
    expect(next['spec']).toMatchObject({ clusterIP: '10.96.0.9', ports: [{ nodePort: 30080, targetPort: 8080 }] });
    const back = updated(object, wanted => Object.assign(wanted['spec'] as object, { type: 'ClusterIP' }));
    expect(back.errors).toEqual([]);
    expect(JSON.stringify(back.object['spec'])).not.toMatch(/nodePort|externalTrafficPolicy/);
    expect(updated(object, wanted => Object.assign(wanted['spec'] as object, { clusterIP: '10.96.1.250' })).errors).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.1.250"]: may not change once set',
    ]);
  });

  it('is refused with the words of Kubernetes', () => {
    expect(created(service({ selector: { a: 'b' } })).errors).toEqual(['spec.ports: Required value']);
    expect(created(service({ ports: [{ port: 80 }], clusterIP: 'nonsense' })).errors).toEqual([
      'spec.clusterIPs[0]: Invalid value: "nonsense": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ]);
    expect(created(service({ ports: [{ port: 80 }] }, '1abc')).errors[0]).toMatch(
      /^metadata.name: Invalid value: "1abc": a DNS-1035 label must consist of/,
    );
  });
});

describe('ConfigMaps and Secrets', () => {
  const secret = (fields: object) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...fields });

  it('encode what comes as text', () => {
    const { object } = created(secret({ stringData: { user: 'bob' }, data: { pass: 'cHc=' } }));
    expect(object).toMatchObject({ data: { pass: 'cHc=', user: 'Ym9i' }, type: 'Opaque' });
    expect(object).not.toHaveProperty('stringData');
  });

  it('hold what their type promises', () => {
    expect(created(secret({ type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'x' } })).errors).toEqual([
      'data[tls.key]: Required value',
    ]);
    expect(
      created(secret({ type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'not json' } })).errors,
    ).toEqual([
      `data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character 'o' in literal null (expecting 'u')`,
    ]);
  });

  it('stay as they are when immutable', () => {
    const { object } = created({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a' },
      data: { a: '1' },
      immutable: true,
    });
    expect(updated(object, next => Object.assign(next, { data: { a: '2' } })).errors).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    expect(updated(object, next => Object.assign(next.metadata, { labels: { x: 'y' } })).errors).toEqual([]);
  });
});

describe('Events', () => {
  it('are the same object under two APIs', () => {
    const { object, errors } = created({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'team' },
      eventTime: '2019-01-01T00:00:00.123456Z',
      reportingController: 'x.org/c',
      reportingInstance: 'i',
      action: 'Did',
      reason: 'R',
      regarding: { kind: 'Pod', name: 'p', namespace: 'team' },
      note: 'n',
      type: 'Warning',
    });
    expect(errors).toEqual([]);
    const stored: KindObject = strategyOf(object).toStorage(object);
    expect(stored).toMatchObject({
      apiVersion: 'v1',
      involvedObject: { name: 'p' },
      message: 'n',
      reportingComponent: 'x.org/c',
      firstTimestamp: null,
      source: {},
    });
    expect(strategyOf(object).fromStorage(stored)).toMatchObject({
      apiVersion: 'events.k8s.io/v1',
      note: 'n',
      regarding: { name: 'p' },
    });
  });
});

describe('Namespaces', () => {
  it('carry their name as a label and the finalizer of the namespace controller', () => {
    const { object } = created({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'dev', labels: { 'kubernetes.io/metadata.name': 'other' } },
    });
    expect(object).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'dev' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });
});
