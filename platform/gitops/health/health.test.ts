import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../kube/index.ts';
import { healthOf, worstHealth } from './index.ts';

interface Fixture {
  name: string;
  health: string;
  message?: string;
  object: KubeObject;
}

const fixtures = parseAllDocuments(readFileSync(new URL('./health.fixtures.yaml', import.meta.url), 'utf8')).map(
  document => document.toJS() as Fixture,
);

describe('healthOf', () => {
  it.each(fixtures.map(fixture => [fixture.name, fixture] as const))('%s', (_name, { object, health, message }) => {
    const found = healthOf({ ...object, metadata: { name: 'x', ...object.metadata } });
    expect(found?.status ?? 'none').toBe(health);
    if (message) expect(found?.message).toBe(message);
  });
});

describe('worstHealth', () => {
  it('is that of the worst object', () => {
    expect(worstHealth([])).toBe('Healthy');
    expect(worstHealth([{ status: 'Healthy' }, undefined, { status: 'Progressing' }])).toBe('Progressing');
    expect(worstHealth([{ status: 'Missing' }, { status: 'Progressing' }])).toBe('Missing');
    expect(worstHealth([{ status: 'Degraded' }, { status: 'Suspended' }])).toBe('Degraded');
  });
});
