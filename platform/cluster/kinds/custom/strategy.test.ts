import { describe, expect, it } from 'vitest';
import { fieldErrorMessage } from '../../schema/index.ts';
import { clone } from '../objects.ts';
import type { KindObject } from '../strategy.ts';
import { created } from '../written-object.ts';
import { findByPath } from './json-path.ts';
import { crdStrategy } from './strategy.ts';

const schema = {
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { size: { type: 'integer', minimum: 1 }, replicas: { type: 'integer' } } },
    status: { type: 'object', properties: { replicas: { type: 'integer' } } },
  },
};
const definition = (version: object = {}) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema }, ...version }],
  },
});
const widget = (spec: object): KindObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name: 'a', namespace: 'team' },
  spec,
});
const context = { now: new Date(), user: { name: 'u', groups: [] } };

describe('a definition', () => {
  it('names itself and remembers its stored version', () => {
    const { object, errors } = created(definition());
    expect(errors).toEqual([]);
    expect(object).toMatchObject({
      spec: { names: { singular: 'widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' } },
      status: { conditions: null, storedVersions: ['v1'], acceptedNames: { kind: '', plural: '' } },
    });
  });

  it.each([
    [{ properties: {} }, 'spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root'],
    [
      { type: 'object', properties: { spec: {} } },
      'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
    ],
    [
      { type: 'object', properties: { l: { type: 'array' } } },
      'spec.validation.openAPIV3Schema.properties[l].items: Required value: must be specified',
    ],
    [
      { type: 'object', properties: { s: { type: 'nope' } } },
      'spec.validation.openAPIV3Schema.properties[s].type: Unsupported value: "nope": supported values: "array", "boolean", "integer", "number", "object", "string"',
    ],
  ])('has a structural schema: %o', (openAPIV3Schema, wanted) => {
    expect(created(definition({ schema: { openAPIV3Schema } })).errors).toEqual([wanted]);
  });

  it('has one stored version', () => {
    expect(created(definition({ storage: false })).errors[1]).toBe(
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    );
  });
});

describe('a custom resource', () => {
  const { object: crd } = created(
    definition({
      subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
      additionalPrinterColumns: [{ name: 'Size', type: 'integer', jsonPath: '.spec.size' }],
    }),
  );
  const strategy = crdStrategy(crd, 'v1');

  it('has the columns, subresources and scale of its definition', () => {
    expect(strategy.columns.map(({ name }) => name)).toEqual(['Name', 'Size']);
    expect(strategy.subresources.map(({ name }) => name)).toEqual(['status', 'scale']);
    const obj = widget({ size: 3, replicas: 2 });
    expect(strategy.cells(obj, new Date())).toEqual(['a', 3]);
    expect(strategy.scale?.get(obj)).toEqual({ specReplicas: 2, statusReplicas: 0 });
    strategy.scale?.set(obj, 5);
    expect(findByPath(obj, '.spec.replicas')).toEqual([5]);
  });

  it('counts a generation for all but metadata and status', () => {
    const obj = widget({ size: 1 });
    strategy.prepareForCreate(obj, context);
    expect(obj.metadata.generation).toBe(1);
    const next = clone(obj);
    next['status'] = { replicas: 1 };
    strategy.prepareForUpdate(next, obj, context);
    expect([next.metadata.generation, next['status']]).toEqual([1, undefined]);
    next['spec'] = { size: 2 };
    strategy.prepareForUpdate(next, obj, context);
    expect(next.metadata.generation).toBe(2);
  });

  it('follows its schema', () => {
    expect(strategy.validateCreate(widget({ size: 0 })).map(fieldErrorMessage)).toEqual([
      'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    ]);
  });
});

describe('paths', () => {
  it('find fields, items and filtered items', () => {
    const obj = {
      a: {
        'b.c': [
          { t: 'x', v: 1 },
          { t: 'y', v: 2 },
        ],
      },
    };
    expect(findByPath(obj, ".a['b.c'][0].v")).toEqual([1]);
    expect(findByPath(obj, '.a.b\\.c[*].v')).toEqual([1, 2]);
    expect(findByPath(obj, '.a[\'b.c\'][?(@.t=="y")].v')).toEqual([2]);
    expect(findByPath(obj, '.none.at.all')).toEqual([]);
  });
});
