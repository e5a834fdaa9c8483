// Custom resources: validation messages recorded from a real API server 1.34.4, defaulting and pruning.
import { describe, expect, it } from 'vitest';
import {
  applySchemaDefaults,
  compileStructuralSchema,
  fieldErrorMessage,
  findUnknownFields,
  type JsonObject,
  prune,
  toCause,
  validateSchema,
} from '../index.ts';

const schema = compileStructuralSchema({
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 5, default: 3 },
        name: { type: 'string', minLength: 2, maxLength: 4, pattern: '^[a-z]+$' },
        color: { type: 'string', enum: ['A', 'B'] },
        port: { 'x-kubernetes-int-or-string': true },
        when: { type: 'string', format: 'date-time' },
        tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', maxItems: 2 },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            properties: { name: { type: 'string' }, weight: { type: 'integer', multipleOf: 5, default: 10 } },
          },
        },
        map: { type: 'object', additionalProperties: { type: 'integer' } },
        maybe: { type: 'string', nullable: true },
        template: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
        one: {
          type: 'object',
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
          properties: { a: { type: 'string' }, b: { type: 'string' } },
        },
      },
    },
  },
});

const errorsOf = (spec: unknown, old?: JsonObject) =>
  validateSchema(schema, { apiVersion: 'e.com/v1', kind: 'Widget', metadata: {}, spec }, old && { spec: old }).map(
    fieldErrorMessage,
  );

describe('validateSchema', () => {
  it.each([
    [{}, 'spec.size: Required value'],
    [{ size: 'x' }, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'],
    [{ size: 9 }, 'spec.size: Invalid value: 9: spec.size in body should be less than or equal to 5'],
    [{ size: 0 }, 'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'],
    [{ size: 1, name: 'a' }, 'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'],
    [{ size: 1, name: 'abcde' }, 'spec.name: Too long: may not be more than 4 bytes'],
    [{ size: 1, name: 'A1' }, `spec.name: Invalid value: "A1": spec.name in body should match '^[a-z]+$'`],
    [{ size: 1, color: 'C' }, 'spec.color: Unsupported value: "C": supported values: "A", "B"'],
    [{ size: 1, port: true }, 'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"'],
    [{ size: 1, when: 'nope' }, 'spec.when: Invalid value: "nope": spec.when in body must be of type date-time: "nope"'],
    [{ size: 1, tags: ['x', 'x'] }, 'spec.tags[1]: Duplicate value: "x"'],
    [{ size: 1, tags: ['x', 'y', 'z'] }, 'spec.tags: Too many: 3: must have at most 2 items'],
    [{ size: 1, ports: [{ name: 'a' }, { name: 'a' }] }, 'spec.ports[1]: Duplicate value: {"name":"a"}'],
    [
      { size: 1, ports: [{ weight: 7 }] },
      'spec.ports[0].weight: Invalid value: 7: spec.ports[0].weight in body should be a multiple of 5',
    ],
    [{ size: 1, map: { x: 'y' } }, 'spec.map.x: Invalid value: "string": spec.map.x in body must be of type integer: "string"'],
    [{ size: 1, template: {} }, 'spec.template.apiVersion: Required value'],
    [
      { size: 1, one: {} },
      '<nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid',
    ],
    ['text', 'spec: Invalid value: "string": spec in body must be of type object: "string"'],
  ])('%j gives %s', (spec, message) => {
    expect(errorsOf(spec)).toContain(message);
  });

  it('accepts what fits, and what did not fit before either', () => {
    expect(errorsOf({ size: 2, name: 'abc', port: '80%', maybe: null, tags: ['a'], one: { b: 'x' } })).toEqual([]);
    expect(errorsOf({ size: 9, name: 'ab' }, { size: 9, name: 'xy' })).toEqual([]);
    expect(errorsOf({ size: 8 }, { size: 9 })).toHaveLength(1);
  });

  it('gives causes with their reason', () => {
    const [error] = validateSchema(schema, { spec: { size: 'x' } });
    expect(error && toCause(error)).toEqual({
      reason: 'FieldValueTypeInvalid',
      field: 'spec.size',
      message: 'Invalid value: "string": spec.size in body must be of type integer: "string"',
    });
  });
});

describe('defaults and pruning', () => {
  it('fills defaults, also into items, and removes nulls that may not be', () => {
    const object = { spec: { ports: [{ name: 'a' }], size: null, name: null, maybe: null } };
    applySchemaDefaults(schema, object);
    expect(object).toEqual({ spec: { ports: [{ name: 'a', weight: 10 }], size: 3, maybe: null } });
  });

  it('prunes what is not declared, but keeps free-form parts', () => {
    const object = {
      extra: 1,
      metadata: { name: 'a', bogus: 1 },
      spec: { size: 1, junk: 1, template: { kind: 'x', anything: { goes: 1 }, metadata: { bogus: 1 } } },
    };
    expect(findUnknownFields(schema, object)).toEqual(['extra', 'metadata.bogus', 'spec.junk', 'spec.template.metadata.bogus']);
    prune(schema, object);
    expect(object).toEqual({
      metadata: { name: 'a' },
      spec: { size: 1, template: { kind: 'x', anything: { goes: 1 }, metadata: {} } },
    });
  });
});
