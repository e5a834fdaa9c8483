import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/index.ts';
import {
  desiredObject,
  foreignFields,
  keepingIgnored,
  localChanges,
  maskChanges,
  objectChanges,
  removalPatch,
  rulesFor,
  withoutIgnored,
} from './index.ts';

const ours = (fieldsV1: Record<string, unknown>) => ({
  manager: 'daruma',
  operation: 'Apply' as const,
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1' as const,
  fieldsV1,
});
const theirs = (manager: string, fieldsV1: Record<string, unknown>, subresource?: string) => ({
  manager,
  operation: 'Update' as const,
  apiVersion: 'apps/v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1' as const,
  fieldsV1,
  ...(subresource ? { subresource } : {}),
});

const container = { name: 'web', image: 'web:1', env: [{ name: 'A', value: '1' }] };
const deployment = (spec: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'dev' },
  spec: { replicas: 2, template: { spec: { containers: [container] } }, ...spec },
});
const ownedSpec = {
  'f:spec': {
    'f:replicas': {},
    'f:template': {
      'f:spec': {
        'f:containers': {
          'k:{"name":"web"}': {
            '.': {},
            'f:name': {},
            'f:image': {},
            'f:env': { 'k:{"name":"A"}': { '.': {}, 'f:name': {}, 'f:value': {} } },
          },
        },
      },
    },
  },
};

/** As an API server returns it: defaults filled in, fields tracked. */
function lived(
  containers: unknown[] = [{ ...container, terminationMessagePath: '/dev/termination-log' }],
  spec: Record<string, unknown> = {},
): KubeObject {
  const object = deployment({ template: { spec: { containers, dnsPolicy: 'ClusterFirst' } }, revisionHistoryLimit: 10, ...spec });
  object.metadata = { ...object.metadata, uid: 'u', resourceVersion: '7', generation: 1, managedFields: [ours(ownedSpec)] };
  return object;
}

describe('localChanges', () => {
  it('finds nothing where only defaults were added', () => {
    expect(localChanges(deployment(), lived())).toEqual([]);
  });

  it('finds a changed value by its path', () => {
    expect(localChanges(deployment(), lived(undefined, { replicas: 4 }))).toEqual([
      { path: 'spec.replicas', desired: 2, live: 4 },
    ]);
  });

  it('finds an item of a keyed list whatever its place', () => {
    const sidecar = { name: 'proxy', image: 'proxy:1' };
    expect(localChanges(deployment(), lived([sidecar, { ...container, image: 'web:2' }]))).toEqual([
      { path: 'spec.template.spec.containers[name=web].image', desired: 'web:1', live: 'web:2' },
    ]);
  });

  it('finds an item that is gone, and a field of ours that left Git', () => {
    expect(localChanges(deployment(), lived([{ ...container, env: [] }]))).toEqual([
      { path: 'spec.template.spec.containers[name=web].env[name=A]', desired: { name: 'A', value: '1' } },
    ]);
    const wanted = deployment();
    delete (wanted.spec as Record<string, unknown>).replicas;
    expect(localChanges(wanted, lived())).toEqual([{ path: 'spec.replicas', live: 2 }]);
  });

  it('finds an object that was never applied by us', () => {
    const live = lived();
    live.metadata.managedFields = [theirs('kubectl-create', ownedSpec)];
    expect(localChanges(deployment(), live)).not.toEqual([]);
  });
});

describe('foreignFields', () => {
  const withEnv = (env: unknown[]) => lived([{ ...container, env }]);
  const setEnv = {
    'f:spec': {
      'f:template': {
        'f:spec': {
          'f:containers': { 'k:{"name":"web"}': { 'f:env': { 'k:{"name":"EVIL"}': { '.': {}, 'f:name': {}, 'f:value': {} } } } },
        },
      },
    },
  };

  it('finds an environment variable added by kubectl set env, and how to take it away', () => {
    const live = withEnv([
      { name: 'A', value: '1' },
      { name: 'EVIL', value: '1' },
    ]);
    live.metadata.managedFields = [ours(ownedSpec), theirs('kubectl-set', setEnv)];
    const found = foreignFields(deployment(), live);
    expect(found.map(field => [field.change.path, field.manager])).toEqual([
      ['spec.template.spec.containers[name=web].env[name=EVIL]', 'kubectl-set'],
    ]);
    expect(removalPatch(found)).toEqual([
      { op: 'test', path: '/spec/template/spec/containers/0/env/1', value: { name: 'EVIL', value: '1' } },
      { op: 'remove', path: '/spec/template/spec/containers/0/env/1' },
    ]);
  });

  it('finds an added container, label and a field that was taken over and then dropped from Git', () => {
    const live = lived([container, { name: 'spy', image: 'spy:1' }], { replicas: 5 });
    live.metadata.labels = { odd: 'yes' };
    live.metadata.managedFields = [
      theirs('kubectl-edit', {
        'f:metadata': { 'f:labels': { '.': {}, 'f:odd': {} } },
        'f:spec': {
          'f:replicas': {},
          'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"spy"}': { '.': {}, 'f:name': {}, 'f:image': {} } } } },
        },
      }),
    ];
    const wanted = deployment();
    delete (wanted.spec as Record<string, unknown>).replicas;
    expect(foreignFields(wanted, live).map(field => field.pointer)).toEqual([
      '/metadata/labels',
      '/spec/replicas',
      '/spec/template/spec/containers/1',
    ]);
  });

  it('lets be what controllers, status and scale writers and restarts own', () => {
    const live = lived();
    live.metadata.annotations = { 'deployment.kubernetes.io/revision': '1' };
    live.metadata.managedFields = [
      theirs('kube-controller-manager', { 'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } } }),
      theirs('someone', { 'f:status': { 'f:replicas': {} } }, 'status'),
      theirs('kubectl', { 'f:spec': { 'f:revisionHistoryLimit': {} } }, 'scale'),
    ];
    expect(foreignFields(deployment(), live)).toEqual([]);
    live.metadata.managedFields = [theirs('operator', { 'f:spec': { 'f:revisionHistoryLimit': {} } })];
    expect(foreignFields(deployment(), live)).toHaveLength(1);
    expect(foreignFields(deployment(), live, ['operator'])).toEqual([]);
  });

  it('removes later items first', () => {
    const field = (pointer: string) => ({ pointer, value: 1, manager: 'm', change: { path: pointer } });
    const removed = removalPatch([field('/a/2'), field('/a/10'), field('/a/10/b'), field('/c')]).filter(
      op => 'op' in op && op.op === 'remove',
    );
    expect(removed.map(op => (op as unknown as { path: string }).path)).toEqual(['/c', '/a/10', '/a/2']);
  });
});

describe('objectChanges', () => {
  it('ignores what the server writes and aligns lists by name', () => {
    const predicted = lived([
      { name: 'new', image: 'n' },
      { ...container, image: 'web:2' },
    ]);
    predicted.metadata.resourceVersion = '8';
    predicted.status = { replicas: 1 };
    expect(objectChanges(predicted, lived([container]))).toEqual([
      { path: 'spec.template.spec.containers[name=new]', desired: { name: 'new', image: 'n' } },
      { path: 'spec.template.spec.containers[name=web].image', desired: 'web:2', live: 'web:1' },
    ]);
  });
});

describe('secrets', () => {
  it('masks values but shows that they differ', () => {
    const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' } };
    const masked = maskChanges(secret, [
      { path: 'data.password', desired: 'aGVsbG8=', live: 'b3RoZXI=' },
      { path: 'metadata.labels.a', live: 'b' },
    ]);
    expect(JSON.stringify(masked)).not.toContain('aGVsbG8=');
    expect(masked[0]?.desired).not.toEqual(masked[0]?.live);
    expect(masked[1]).toEqual({ path: 'metadata.labels.a', live: 'b' });
  });

  it('turns stringData into what the API server stores', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'eA==' }, stringData: { b: 'hello' } };
    const desired = desiredObject(secret, { application: 'app', namespace: 'dev' });
    expect(desired.data).toEqual({ a: 'eA==', b: 'aGVsbG8=' });
    expect(desired.stringData).toBeUndefined();
    expect(desired.metadata).toEqual({
      name: 's',
      namespace: 'dev',
      annotations: { 'argocd.argoproj.io/tracking-id': 'app:/Secret:dev/s' },
    });
  });
});

describe('ignoreDifferences', () => {
  const rule = { group: 'apps', kind: 'Deployment', jsonPointers: ['/spec/replicas'], managers: [] };

  it('applies to the named kind alone', () => {
    expect(rulesFor([rule], deployment())).toHaveLength(1);
    expect(rulesFor([{ ...rule, name: 'other' }], deployment())).toHaveLength(0);
  });

  it('takes the fields out of a comparison, or keeps them as they live in an apply', () => {
    const live = lived(undefined, { replicas: 9 });
    expect(localChanges(withoutIgnored(deployment(), [rule]), withoutIgnored(live, [rule]))).toEqual([]);
    expect((keepingIgnored(deployment(), live, [rule]).spec as { replicas: number }).replicas).toBe(9);
    expect((deployment().spec as { replicas: number }).replicas).toBe(2);
  });
});
