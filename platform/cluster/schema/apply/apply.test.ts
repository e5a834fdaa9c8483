// Server-side apply and managedFields, with sequences recorded from a real API server 1.34.4.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ApplyConflict,
  applyServerSide,
  builtinSchema,
  compileStructuralSchema,
  type JsonObject,
  keepManagedFieldsTimes,
  type ManagedFieldsEntry,
  roundTrip,
  scaleManagedFields,
  scaleManagedFieldsToParent,
  type TypeSchema,
  trackUpdate,
} from '../index.ts';

function schemaOf(group: string, version: string, kind: string): TypeSchema {
  const schema = builtinSchema(group, version, kind);
  if (!schema) throw new Error(`no schema of ${kind}`);
  return schema;
}

const configMap = schemaOf('', 'v1', 'ConfigMap');
const deployment = schemaOf('apps', 'v1', 'Deployment');
let clock = 0;
const now = () => new Date(Date.UTC(2025, 0, 1, 0, 0, clock++)).toISOString().replace('.000', '');

interface Options {
  force?: boolean;
  schema?: TypeSchema;
  subresource?: string;
}

function apply(
  live: JsonObject | undefined,
  manager: string,
  applied: JsonObject,
  { force = false, schema = configMap, subresource }: Options = {},
) {
  return applyServerSide({
    schema,
    live,
    applied,
    manager,
    force,
    subresource,
    apiVersion: String(applied.apiVersion),
    time: now(),
  });
}

function update(
  live: JsonObject | undefined,
  manager: string,
  after: JsonObject,
  { schema = configMap, subresource }: Options = {},
): JsonObject {
  const next = structuredClone(after) as JsonObject & { metadata: JsonObject };
  roundTrip(schema, next);
  const entries = trackUpdate({
    schema,
    before: live,
    after: next,
    manager,
    apiVersion: String(after.apiVersion),
    subresource,
    time: now(),
  });
  const { managedFields: _, ...metadata } = next.metadata;
  return { ...next, metadata: entries ? { ...metadata, managedFields: entries } : metadata };
}

const map = (data?: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', ...metadata },
  ...(data ? { data } : {}),
});

function entriesOf(object: JsonObject): ManagedFieldsEntry[] {
  return ((object.metadata as JsonObject).managedFields ?? []) as ManagedFieldsEntry[];
}

const owned = (object: JsonObject) =>
  Object.fromEntries(entriesOf(object).map(entry => [`${entry.manager} ${entry.operation}`, entry.fieldsV1]));

function conflictOf(action: () => unknown): ApplyConflict {
  try {
    action();
  } catch (error) {
    if (error instanceof ApplyConflict) return error;
    throw error;
  }
  throw new Error('no conflict');
}

describe('server-side apply', () => {
  it('owns what is applied, and a repeated apply changes nothing', () => {
    const first = apply(undefined, 'one', map({ k: 'v' }));
    expect(first.object).toEqual({ ...map({ k: 'v' }), metadata: { name: 'a', managedFields: entriesOf(first.object) } });
    expect(entriesOf(first.object)).toEqual([
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.any(String),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:k': {} } },
      },
    ]);
    const second = apply(first.object, 'one', map({ k: 'v' }));
    expect(second).toEqual({ object: first.object, changed: false });
  });

  it('words conflicts as the real server does', () => {
    let { object } = apply(undefined, 'one', map({ k: 'v', l: 'v' }));
    expect(conflictOf(() => apply(object, 'two', map({ k: 'w' }))).message).toBe(
      'Apply failed with 1 conflict: conflict with "one": .data.k',
    );
    object = apply(object, 'two', map({ m: 'v' })).object;
    const many = conflictOf(() => apply(object, 'three', map({ k: 'x', l: 'x', m: 'x' })));
    expect(many.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "one":\n- .data.k\n- .data.l\nconflicts with "two":\n- .data.m',
    );
    expect(many.conflicts).toContainEqual({ manager: 'two', field: '.data.m', message: 'conflict with "two"' });
    const edited = update(undefined, 'editor', map({ k: 'v' }));
    const time = entriesOf(edited)[0]?.time;
    expect(conflictOf(() => apply(edited, 'one', map({ k: 'w' }))).message).toBe(
      `Apply failed with 1 conflict: conflict with "editor" using v1 at ${time}: .data.k`,
    );
  });

  it('transfers ownership when forced, shares equal values, removes what nobody applies any more', () => {
    let { object } = apply(undefined, 'one', map({ k: 'v' }));
    object = apply(object, 'two', map({ k: 'w' }), { force: true }).object;
    expect(owned(object)).toEqual({ 'two Apply': { 'f:data': { 'f:k': {} } } });
    object = apply(object, 'one', map({ k: 'w' })).object;
    expect(entriesOf(object).find(({ manager }) => manager === 'one')?.time).toBeUndefined();
    object = apply(object, 'one', map()).object;
    expect(object.data).toEqual({ k: 'w' });
    object = apply(object, 'two', map()).object;
    expect(object).toEqual(map());
  });

  it('keeps lists by their keys, in the order of the applier', () => {
    const containers = (...list: JsonObject[]): JsonObject => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: {
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'a' } }, spec: { containers: list } },
      },
    });
    const namesOf = (object: JsonObject) =>
      (object as { spec: { template: { spec: { containers: { name: string }[] } } } }).spec.template.spec.containers.map(
        ({ name }) => name,
      );
    const options = { schema: deployment };
    let { object } = apply(
      undefined,
      'one',
      containers({ name: 'x', image: 'x', ports: [{ containerPort: 80 }] }, { name: 'y', image: 'y' }),
      options,
    );
    expect(JSON.stringify(entriesOf(object)[0]?.fieldsV1)).toContain(
      String.raw`"f:ports":{"k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{}}}`,
    );
    object = apply(object, 'two', containers({ name: 'z', image: 'z' }), options).object;
    object = apply(object, 'one', containers({ name: 'y', image: 'y' }, { name: 'x', image: 'x' }), options).object;
    expect(namesOf(object).filter(name => name !== 'z')).toEqual(['y', 'x']);
    object = apply(object, 'one', containers({ name: 'y', image: 'y' }), options).object;
    expect(namesOf(object).sort()).toEqual(['y', 'z']);
    expect(() => apply(object, 'one', containers({ name: 'y' }, { name: 'y' }), options)).toThrow(
      'failed to create typed patch object (/a; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="y"]',
    );
    const wrong = { ...containers(), spec: { replicas: 'x' } };
    expect(() => apply(undefined, 'one', wrong, options)).toThrow('.spec.replicas: expected numeric (int or float), got string');
    const unknown = { ...containers(), spec: { replcas: 1 } };
    expect(() => apply(undefined, 'one', unknown, options)).toThrow('.spec.replcas: field not declared in schema');
  });

  it('treats atomic values as one and sets by their items', () => {
    let { object } = apply(undefined, 'one', map(undefined, { finalizers: ['example.org/a'] }));
    object = apply(object, 'two', map(undefined, { finalizers: ['example.org/b'] })).object;
    expect((object.metadata as JsonObject).finalizers).toEqual(['example.org/a', 'example.org/b']);
    expect(owned(object)['two Apply']).toEqual({ 'f:metadata': { 'f:finalizers': { 'v:"example.org/b"': {} } } });
    object = apply(object, 'one', map()).object;
    expect((object.metadata as JsonObject).finalizers).toEqual(['example.org/b']);
    const selector = (labels: JsonObject) => ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a' },
      spec: { selector: { matchLabels: labels } },
    });
    const live = apply(undefined, 'one', selector({ a: '1' }), { schema: deployment }).object;
    expect(conflictOf(() => apply(live, 'two', selector({ a: '1', b: '2' }), { schema: deployment })).conflicts[0]?.field).toBe(
      '.spec.selector',
    );
  });

  it('asks before it takes fields that nobody tracked', () => {
    const untracked = map({ k: 'v' }, { uid: 'u' });
    expect(conflictOf(() => apply(untracked, 'one', map({ k: 'w' }))).message).toMatch(
      /conflict with "before-first-apply" using v1 at .*: \.data\.k/,
    );
    const { object } = apply(untracked, 'one', map({ l: 'w' }));
    expect(owned(object)).toEqual({
      'before-first-apply Update': { 'f:data': { '.': {}, 'f:k': {} } },
      'one Apply': { 'f:data': { 'f:l': {} } },
    });
  });

  it('lets kubectl take over its own client-side apply and keeps its annotation', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const lastApplied = `${JSON.stringify({ apiVersion: 'v1', data: { k: 'v', z: '1' }, kind: 'ConfigMap', metadata: { annotations: {}, name: 'a' } })}\n`;
    const live = update(
      undefined,
      'kubectl-client-side-apply',
      map({ k: 'v', z: '1' }, { annotations: { [annotation]: lastApplied } }),
    );
    const { object } = apply(live, 'kubectl', map({ k: 'w' }));
    expect(object.data).toEqual({ k: 'w', z: '1' });
    expect((object.metadata as { annotations: JsonObject }).annotations[annotation]).toBe(
      '{"apiVersion":"v1","data":{"k":"w"},"kind":"ConfigMap","metadata":{"name":"a"}}\n',
    );
    expect(conflictOf(() => apply(live, 'other', map({ k: 'w' }))).conflicts).toHaveLength(1);
  });

  it('leaves the status to its own endpoint', () => {
    const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' } };
    let { object } = apply(undefined, 'one', { ...base, spec: { replicas: 1 } }, { schema: deployment });
    const status = { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] };
    object = apply(object, 'ctl', { ...base, status }, { schema: deployment, subresource: 'status' }).object;
    expect(entriesOf(object).find(({ manager }) => manager === 'ctl')).toMatchObject({
      subresource: 'status',
      fieldsV1: {
        'f:status': { 'f:conditions': { 'k:{"type":"Available"}': { '.': {}, 'f:status': {}, 'f:type': {} } }, 'f:replicas': {} },
      },
    });
    const ignored = apply(
      object,
      'one',
      { ...base, spec: { replicas: 1 }, status: { replicas: 9 } },
      { schema: deployment },
    ).object;
    expect(owned(ignored)['one Apply']).toEqual({ 'f:spec': { 'f:replicas': {} } });
  });

  it('works on custom resources by their structural schema', () => {
    const schema = compileStructuralSchema({
      type: 'object',
      properties: {
        spec: {
          type: 'object',
          properties: {
            size: { type: 'integer' },
            tags: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
            free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      },
    });
    const widget = (spec: JsonObject) => ({ apiVersion: 'e.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec });
    let { object } = apply(undefined, 'one', widget({ size: 1, tags: ['x'], free: { a: { b: 1 } } }), { schema });
    expect(owned(object)['one Apply']).toEqual({
      'f:spec': { 'f:free': { 'f:a': { '.': {}, 'f:b': {} } }, 'f:size': {}, 'f:tags': { 'v:"x"': {} } },
    });
    object = apply(object, 'one', widget({ size: 2 }), { schema }).object;
    expect(object.spec).toEqual({ size: 2 });
  });

  it('is idempotent, whoever applied before', () => {
    const data = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2'), { minKeys: 1 });
    const step = fc.record({ manager: fc.constantFrom('one', 'two', 'three'), data });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), steps => {
        let live: JsonObject | undefined;
        for (const { manager, data } of steps) {
          live = apply(live, manager, map(data), { force: true }).object;
          expect(apply(live, manager, map(data)).changed).toBe(false);
          expect(live.data).toMatchObject(data);
        }
        const owners = new Set(
          entriesOf(live ?? {}).flatMap(({ fieldsV1 }) => Object.keys((fieldsV1 as Record<string, JsonObject>)['f:data'] ?? {})),
        );
        expect([...owners].sort()).toEqual(
          Object.keys((live?.data ?? {}) as JsonObject)
            .map(key => `f:${key}`)
            .sort(),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('managedFields of updates', () => {
  it('gives a creator everything that differs from an empty object', () => {
    const created = update(
      undefined,
      'conformance',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a', labels: { l: '1' } },
        spec: {
          selector: { matchLabels: { app: 'a' } },
          strategy: { rollingUpdate: { maxSurge: '25%' } },
          template: { spec: { containers: [{ name: 'c', image: 'i' }] } },
        },
      },
      { schema: deployment },
    );
    expect(owned(created)['conformance Update']).toEqual({
      'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } },
      'f:spec': {
        'f:selector': {},
        'f:strategy': { 'f:rollingUpdate': { '.': {}, 'f:maxSurge': {} } },
        'f:template': {
          'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } } },
        },
      },
    });
  });

  it('takes changed fields from others and drops removed ones', () => {
    const live = apply(undefined, 'one', map({ k: 'v', l: 'v' })).object;
    const changed = update(live, 'editor', { ...live, data: { k: 'v', l: 'w', m: 'x' } });
    expect(owned(changed)).toEqual({
      'one Apply': { 'f:data': { 'f:k': {} } },
      'editor Update': { 'f:data': { 'f:l': {}, 'f:m': {} } },
    });
    const removed = update(live, 'editor', { ...live, data: { l: 'v' } });
    expect(owned(removed)).toEqual({ 'one Apply': { 'f:data': { 'f:l': {} } } });
  });

  it('changes nothing when nothing changed', () => {
    const live = update(undefined, 'one', map({ k: 'v' }));
    expect(entriesOf(update(live, 'two', live))).toBe(entriesOf(live));
  });

  it('takes edited entries, passes over broken ones, and stops at [{}]', () => {
    const live = apply(undefined, 'one', map({ k: 'v' })).object;
    const edit = (managedFields: unknown) => update(live, 'two', { ...live, metadata: { name: 'a', managedFields } });
    const mine = {
      manager: 'x',
      operation: 'Apply',
      apiVersion: 'v1',
      time: '2019-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:data': { 'f:k': {} } },
    };
    expect(entriesOf(edit([mine]))).toEqual([mine]);
    expect(entriesOf(edit(null))).toEqual(entriesOf(live));
    expect(entriesOf(edit([{ ...mine, operation: 'Bad' }]))).toEqual(entriesOf(live));
    const reset = edit([{}]);
    expect(entriesOf(reset)).toEqual([]);
    expect(entriesOf(update(reset, 'two', { ...reset, data: { k: 'z' } }))).toEqual([]);
  });

  it('merges the oldest of more than ten updaters', () => {
    let live = update(undefined, 'm0', map({ k0: '0' }));
    for (let index = 1; index < 13; index++)
      live = update(live, `m${index}`, { ...live, data: { ...(live.data as JsonObject), [`k${index}`]: '1' } });
    const entries = entriesOf(live);
    expect(entries).toHaveLength(10);
    expect(entries.filter(({ manager }) => manager === 'ancient-changes')).toHaveLength(1);
    const keys = entries.flatMap(({ fieldsV1 }) =>
      Object.keys((fieldsV1 as Record<string, JsonObject>)['f:data'] ?? {}).filter(key => key !== '.'),
    );
    expect(keys).toHaveLength(13);
  });

  it('recognises a write that changed only times', () => {
    const live = update(undefined, 'one', map({ k: 'v' }));
    const next = structuredClone(live);
    for (const entry of entriesOf(next)) entry.time = now();
    expect(keepManagedFieldsTimes(live, next)).toBe(true);
    expect(next).toEqual(live);
    expect(keepManagedFieldsTimes(live, { ...next, data: { k: 'w' } })).toBe(false);
  });

  it('carries the owner of replicas over the scale subresource', () => {
    const base = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'a' }, spec: { replicas: 1, paused: true } };
    const parent = entriesOf(apply(undefined, 'one', base, { schema: deployment }).object);
    const place = { parent, replicasPath: ['spec', 'replicas'], apiVersion: 'apps/v1' };
    expect(scaleManagedFields(place)).toMatchObject([
      { manager: 'one', apiVersion: 'autoscaling/v1', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
    ]);
    const taken = [
      {
        manager: 'two',
        operation: 'Apply',
        subresource: 'scale',
        apiVersion: 'autoscaling/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
      },
    ] as ManagedFieldsEntry[];
    expect(scaleManagedFieldsToParent(taken, place)).toEqual([
      {
        manager: 'two',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:spec': { 'f:replicas': {} } },
        subresource: 'scale',
      },
      { ...parent[0], fieldsV1: { 'f:spec': { 'f:paused': {} } } },
    ]);
  });
});
