// JSON, merge and strategic patches, with cases recorded from a real API server 1.34.4, and the laws that they keep.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  builtinSchema,
  decodePatch,
  goJsonOfPatched,
  type JsonObject,
  jsonPatch,
  mergePatch,
  PatchError,
  strategicMergePatch,
} from './index.ts';

const deployment = builtinSchema('apps', 'v1', 'Deployment');
const configMap = builtinSchema('', 'v1', 'ConfigMap');
const service = builtinSchema('', 'v1', 'Service');
if (!deployment || !configMap || !service) throw new Error('built-in schemas are missing');

function failure(action: () => unknown): { code: number; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof PatchError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('no failure');
}

describe('JSON patch', () => {
  const object = { data: { k: 'v', z: '1' }, list: ['a', 'b'] };

  it('applies operations without touching the original', () => {
    const before = structuredClone(object);
    const patched = jsonPatch(object, [
      { op: 'add', path: '/data/n', value: 'x' },
      { op: 'replace', path: '/data/k', value: 'w' },
      { op: 'remove', path: '/data/z' },
      { op: 'add', path: '/list/0', value: 'first' },
      { op: 'add', path: '/list/-', value: 'last' },
      { op: 'copy', from: '/data/k', path: '/data/a~1b' },
      { op: 'move', from: '/list/1', path: '/moved' },
      { op: 'test', path: '/data/none', value: null },
    ]);
    expect(patched).toEqual({ data: { k: 'w', n: 'x', 'a/b': 'w' }, list: ['first', 'b', 'last'], moved: 'a' });
    expect(object).toEqual(before);
  });

  it('adds by replacing what is absent, as the real server does', () => {
    expect(jsonPatch(object, [{ op: 'replace', path: '/data/none', value: 'x' }])).toMatchObject({ data: { none: 'x' } });
  });

  it.each([
    [[{ op: 'remove', path: '/data/none' }], 422],
    [[{ op: 'add', path: '/none/deep', value: 'x' }], 422],
    [[{ op: 'test', path: '/data/k', value: 'nope' }], 422],
    [[{ op: 'remove', path: '/list/9' }], 422],
    [[{ op: 'jump', path: '/data/x' }], 422],
    [[{ op: 'add', path: 'data', value: 1 }], 422],
    [{ op: 'add' }, 400],
  ])('refuses %j', (operations, code) => {
    expect(failure(() => jsonPatch(object, operations)).code).toBe(code);
  });

  it('words what it cannot decode', () => {
    expect(failure(() => jsonPatch(object, {})).message).toBe(
      'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
    );
    expect(() => decodePatch(Buffer.from('[{'), 'json')).toThrow('error decoding patch: unexpected end of JSON input');
    expect(() => decodePatch(Buffer.from('x'), 'merge')).toThrow(
      "error decoding patch: invalid character 'x' looking for beginning of value",
    );
    expect(() => decodePatch(Buffer.from('{bad'), 'strategic')).toThrow(
      /^invalid character 'b' looking for beginning of object key string$/,
    );
    expect(() => decodePatch(Buffer.from('apiVersion: v1\nkind: ['), 'apply')).toThrow(
      'error decoding YAML: error converting YAML to JSON: yaml: line 2: did not find expected node content',
    );
  });
});

describe('merge patch', () => {
  it('deletes by null, replaces lists, merges objects', () => {
    expect(mergePatch({ a: { b: 1, c: [1, 2] }, d: 1 }, { a: { b: null, c: [3], e: { f: null } } })).toEqual({
      a: { c: [3], e: {} },
      d: 1,
    });
    expect(failure(() => mergePatch({}, []))).toEqual({
      code: 400,
      message: 'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    });
  });

  const value: fc.Arbitrary<unknown> = fc.letrec(tie => ({
    node: fc.oneof({ depthSize: 'small' }, fc.integer(), fc.string(), fc.array(fc.integer(), { maxLength: 2 }), tie('object')),
    object: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node') as fc.Arbitrary<unknown>),
  })).object;

  it('is idempotent, and an object without nulls patches itself in', () => {
    fc.assert(
      fc.property(value, value, (target, patch) => {
        const once = mergePatch(target as JsonObject, patch);
        expect(mergePatch(once, patch)).toEqual(once);
        expect(once).toMatchObject(mergePatch({}, patch));
      }),
      { numRuns: 100 },
    );
  });

  it('shows the patched document as the real server does: walked objects sorted, others in the order of their struct', () => {
    const original = {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: { uid: 'u', name: 'a', namespace: 'n' },
      data: { b: '<', a: '1' },
    };
    expect(goJsonOfPatched(configMap, original, mergePatch(original, { data: { k: 5 } }))).toBe(
      '{"apiVersion":"v1","data":{"a":"1","b":"\\u003c","k":5},"kind":"ConfigMap","metadata":{"name":"a","namespace":"n","uid":"u"}}',
    );
  });
});

describe('strategic merge patch', () => {
  const pod = (containers: JsonObject[], more: JsonObject = {}) => ({ spec: { template: { spec: { containers, ...more } } } });
  const live = {
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } },
      template: {
        spec: {
          containers: [
            {
              name: 'x',
              image: 'x:1',
              env: [
                { name: 'A', value: '1' },
                { name: 'B', value: '2' },
              ],
            },
            { name: 'y', image: 'y:1' },
          ],
          volumes: [{ name: 'v', emptyDir: {} }],
          tolerations: [{ key: 't1' }],
        },
      },
    },
  };
  const patched = (patch: JsonObject) => strategicMergePatch(deployment, live, patch) as typeof live;
  const names = (patch: JsonObject) => patched(patch).spec.template.spec.containers.map(({ name }) => name);

  it('merges lists by their key, new items first', () => {
    expect(patched(pod([{ name: 'y', image: 'y:2' }])).spec.template.spec.containers[1]).toEqual({ name: 'y', image: 'y:2' });
    expect(names(pod([{ name: 'z', image: 'z' }]))).toEqual(['z', 'x', 'y']);
  });

  it('obeys directives', () => {
    expect(names(pod([{ name: 'x', $patch: 'delete' }]))).toEqual(['y']);
    expect(names(pod([{ name: 'q' }, { $patch: 'replace' }]))).toEqual(['q']);
    expect(names(pod([{ name: 'x', image: 'x:2' }], { '$setElementOrder/containers': [{ name: 'y' }, { name: 'x' }] }))).toEqual([
      'y',
      'x',
    ]);
    expect(patched({ spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }).spec.strategy).toEqual({
      type: 'Recreate',
    });
    expect(
      patched(pod([], { volumes: [{ name: 'v', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } }] })).spec.template
        .spec.volumes,
    ).toEqual([{ name: 'v', configMap: { name: 'c' } }]);
    expect(patched(pod([], { tolerations: [{ key: 't2' }] })).spec.template.spec.tolerations).toEqual([{ key: 't2' }]);
    const labelled = { metadata: { labels: { a: '1' }, finalizers: ['a', 'b', 'c'] }, data: { k: 'v' } };
    expect(strategicMergePatch(configMap, labelled, { metadata: { labels: { $patch: 'delete' } } })).toMatchObject({
      metadata: { labels: {} },
    });
    expect(strategicMergePatch(configMap, labelled, { data: { $patch: 'replace', n: 'x' } })).toMatchObject({ data: { n: 'x' } });
    expect(
      strategicMergePatch(configMap, labelled, { metadata: { '$deleteFromPrimitiveList/finalizers': ['b'] } }),
    ).toMatchObject({
      metadata: { finalizers: ['a', 'c'] },
    });
    const ports = { spec: { ports: [{ port: 80, name: 'http' }, { port: 443 }] } };
    expect(strategicMergePatch(service, ports, { spec: { ports: [{ port: 443, $patch: 'delete' }] } })).toEqual({
      spec: { ports: [{ port: 80, name: 'http' }] },
    });
  });

  it('leaves the original as it was', () => {
    const before = structuredClone(live);
    names(
      pod([{ name: 'x', env: [{ name: 'A', $patch: 'delete' }] }], {
        '$setElementOrder/containers': [{ name: 'x' }],
      }),
    );
    expect(live).toEqual(before);
  });

  it('words bad directives as the real server does', () => {
    expect(failure(() => patched(pod([{ image: 'noname' }])))).toEqual({
      code: 500,
      message: 'map: map[image:noname] does not contain declared merge key: name',
    });
    expect(failure(() => patched(pod([{ name: 'x', $patch: 'explode' }]))).message).toBe(
      'unknown patch type: explode in map: map[$patch:explode name:x]',
    );
    expect(
      failure(() => patched(pod([{ name: 'zz', image: 'q' }], { '$setElementOrder/containers': [{ name: 'x' }] }))).message,
    ).toBe("The order in patch list:\n[map[image:q name:zz]]\n doesn't match $setElementOrder list:\n[map[name:x]]\n");
  });
});
