// Bad input of every kind: whatever a client sends, it gets an error of ours or an answer, never a crash.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ApplyConflict,
  applySchemaDefaults,
  applyServerSide,
  builtinSchema,
  checkTypes,
  compileStructuralSchema,
  copyValue,
  DecodeError,
  decodeBody,
  decodePatch,
  findUnknownFields,
  type JsonObject,
  jsonPatch,
  labelSelectorFrom,
  mergePatch,
  PatchError,
  parseFieldSelector,
  parseLabelSelector,
  prune,
  roundTrip,
  strategicMergePatch,
  trackUpdate,
  validateSchema,
} from './index.ts';

const found = builtinSchema('apps', 'v1', 'Deployment');
if (!found) throw new Error('no schema of Deployment');
const deployment = found;
const custom = compileStructuralSchema({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        containers: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: { type: 'object', properties: { name: { type: 'string' } } },
        },
        replicas: { type: 'integer', default: 1 },
      },
    },
  },
});

const name = fc.constantFrom(
  'spec',
  'metadata',
  'template',
  'containers',
  'name',
  'labels',
  'annotations',
  'managedFields',
  'finalizers',
  'ownerReferences',
  'replicas',
  'ports',
  'containerPort',
  'env',
  'selector',
  'strategy',
  'status',
  'conditions',
  'type',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  '__proto__',
  'constructor',
  'uid',
  'resources',
  'limits',
  'cpu',
  'creationTimestamp',
);
const value = fc.letrec(tie => ({
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom(null, true, 0, -1, 1.5, 1e30, '', 'x', 'delete', 'replace', '500m', '2020-01-01T00:00:00Z'),
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(name, tie('node'), { maxKeys: 4 }),
  ),
})).node;
const object = fc.dictionary(name, value, { maxKeys: 5 }) as fc.Arbitrary<JsonObject>;

function survives(action: () => unknown): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DecodeError || error instanceof PatchError || error instanceof ApplyConflict)) throw error;
  }
}

describe('hostile input', () => {
  it('in bodies', () => {
    const types = fc.constantFrom(
      undefined,
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'x/y',
    );
    const envelope = Buffer.from('k8s\0\n\x0c\n\x02v1\x12\x06Secret\x12', 'latin1');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), types, (bytes, type) => {
        survives(() => decodeBody(bytes, type));
        survives(() =>
          decodeBody(Buffer.concat([envelope, Buffer.from([bytes.length]), bytes]), 'application/vnd.kubernetes.protobuf'),
        );
        for (const kind of ['json', 'merge', 'strategic', 'apply'] as const) survives(() => decodePatch(bytes, kind));
      }),
      { numRuns: 150 },
    );
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '{',
            '}',
            '[',
            ']',
            ':',
            ',',
            '"',
            '\\',
            'n',
            'u',
            'l',
            '1',
            '-',
            '.',
            'e',
            ' ',
            '\n',
            '&',
            '*',
            '|',
            '#',
          ),
        }),
        text => {
          survives(() => decodeBody(Buffer.from(text), 'application/json'));
          survives(() => decodeBody(Buffer.from(text), 'application/yaml'));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('in objects', () => {
    fc.assert(
      fc.property(object, object, (one, two) => {
        for (const schema of [deployment, custom]) {
          checkTypes(schema, one);
          findUnknownFields(schema, one);
          validateSchema(schema, one, two);
          const changed = copyValue(one);
          prune(schema, changed);
          applySchemaDefaults(schema, changed);
          roundTrip(schema, changed);
          const once = copyValue(changed);
          roundTrip(schema, changed);
          expect(changed).toEqual(once);
          trackUpdate({ schema, before: two, after: one, manager: 'm', apiVersion: 'apps/v1', time: '2025-01-01T00:00:00Z' });
        }
      }),
      { numRuns: 150 },
    );
  });

  it('in patches, which leave the object as it was', () => {
    const path = fc
      .array(fc.oneof(name, fc.constantFrom('0', '-', '-1', '99', '~1', '')), { maxLength: 4 })
      .map(parts => parts.map(part => `/${part}`).join(''));
    const operations = fc.array(
      fc.record(
        { op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'x'), path, from: path, value },
        { requiredKeys: ['op'] },
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(object, object, operations, (live, patch, list) => {
        const before = JSON.stringify(live);
        survives(() => jsonPatch(live, list));
        survives(() => mergePatch(live, patch));
        survives(() => strategicMergePatch(deployment, live, patch));
        for (const schema of [deployment, custom]) {
          const applied = { ...patch, apiVersion: 'apps/v1', kind: 'Deployment' };
          survives(() =>
            applyServerSide({
              schema,
              live,
              applied,
              manager: 'kubectl',
              force: false,
              apiVersion: 'apps/v1',
              time: '2025-01-01T00:00:00Z',
            }),
          );
        }
        expect(JSON.stringify(live)).toBe(before);
      }),
      { numRuns: 150 },
    );
  });

  it('in selectors', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '=', '!', '<', '>', '(', ')', ',', ' ', 'i', 'n', '\\', '/', '.', '1') }),
        text => {
          survives(() => parseLabelSelector(text));
          survives(() => parseFieldSelector(text));
          survives(() =>
            labelSelectorFrom({
              matchLabels: { [text]: text },
              matchExpressions: [{ key: text, operator: 'In', values: [text] }],
            }),
          );
        },
      ),
    );
  });
});
