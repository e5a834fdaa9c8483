import { describe, expect, it } from 'vitest';
import { clone } from './objects.ts';
import { allStrategies, strategyFor, strategyForKind } from './registry.ts';
import type { KindObject } from './strategy.ts';

const minimal = (apiVersion: string, kind: string, namespaced: boolean): KindObject => ({
  apiVersion,
  kind,
  metadata: { name: 'x', ...(namespaced ? { namespace: 'team' } : {}), creationTimestamp: '2026-01-01T00:00:00Z' },
});

describe('every built-in kind', () => {
  it('is found by its plural and by its kind', () => {
    expect(allStrategies().length).toBeGreaterThan(60);
    expect(strategyFor('apps', 'v1', 'deployments')).toBe(strategyForKind('apps', 'v1', 'Deployment'));
    expect(strategyFor('', 'v1', 'pods')?.subresources.find(({ name }) => name === 'eviction')).toMatchObject({
      group: 'policy',
      kind: 'Eviction',
    });
    expect(strategyFor('', 'v1', 'nothing')).toBeUndefined();
  });

  it('has one cell for each column, even of an object that holds nothing', () => {
    for (const strategy of allStrategies()) {
      const obj = minimal(strategy.apiVersion, strategy.kind, strategy.namespaced);
      expect(strategy.cells(obj, new Date('2026-01-01T00:01:00Z')), strategy.resource).toHaveLength(strategy.columns.length);
    }
  });

  it('can default, prepare and validate an object that holds nothing, and defaults twice as it does once', () => {
    const context = { now: new Date(), user: { name: 'u', groups: [] } };
    for (const strategy of allStrategies()) {
      const obj = minimal(strategy.apiVersion, strategy.kind, strategy.namespaced);
      strategy.applyDefaults(obj);
      const once = clone(obj);
      strategy.applyDefaults(obj);
      expect(obj, strategy.resource).toEqual(once);
      strategy.prepareForCreate(obj, context);
      strategy.validateCreate(obj);
      const next = clone(obj);
      strategy.prepareForUpdate(next, obj, context);
      strategy.prepareForStatusUpdate(next, obj);
      strategy.validateUpdate(next, obj);
      strategy.validateStatusUpdate(next, obj);
      expect(strategy.fromStorage(strategy.toStorage(obj)).kind).toBe(strategy.kind);
      expect(strategy.selectableFields(obj)['metadata.name']).toBe('x');
    }
  });
});
