import { describe, expect, it } from 'vitest';
import { type EventPayloads, type EventSink, type EventType, type JournalEntry, systemClock } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import type { AuditedWrite } from '../contract.ts';
import { readApplication } from '../model/index.ts';
import { type AppState, newAppState } from './app-state.ts';
import type { Comparison } from './compare-application.ts';
import { DriftLog } from './drift-log.ts';
import { KeyIndex } from './key-index.ts';
import { interruptedOperation } from './read-status.ts';
import { automaticTrigger } from './refresh.ts';
import { boundedBy, SerialQueue } from './serial-queue.ts';
import { waitsFor } from './settle.ts';
import { managedObjects } from './snapshot.ts';

const object = (spec: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'web', namespace: 'daruma' },
  spec: {
    source: { repoURL: 'u', path: 'p' },
    destination: { name: 'in-cluster', namespace: 'dev' },
    syncPolicy: { automated: { prune: true, selfHeal: true }, retry: { limit: 1 } },
    ...spec,
  },
});

function stateOf(spec?: Record<string, unknown>): AppState {
  const state = newAppState('web', object(spec));
  const { application } = readApplication(state.object);
  if (!application) throw new Error('not read');
  state.application = application;
  state.target = { revision: 'new', specHash: 's', items: new Map(), paths: [], conditions: [] };
  return state;
}

const configMap: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'dev' } };
const item = { key: '/ConfigMap/dev/c', object: configMap, hash: 'h' };
const missing: Comparison = {
  items: [{ item, verdict: { state: 'missing', needsApply: true, changes: [], foreign: [] } }],
  extra: [],
};
const equal: Comparison = {
  items: [{ item, live: configMap, verdict: { state: 'equal', needsApply: false, changes: [], foreign: [] } }],
  extra: [],
};
const record = (revision: string) => ({
  id: 1,
  application: 'web',
  revision,
  actor: 'ann',
  deployedAt: '2026-01-01T00:00:00Z',
  images: [],
  trigger: 'automatic',
  source: { repoURL: 'u', path: 'p', targetRevision: 'HEAD' },
});

describe('automaticTrigger', () => {
  const context = { held: () => false, clock: systemClock };
  const decide = (state: AppState, comparison: Comparison, held = false) => {
    if (!state.application) throw new Error('not read');
    state.target?.items.set(item.key, item);
    return automaticTrigger(state, state.application, comparison, { ...context, held: () => held });
  };

  it('syncs a new revision, and heals one that is deployed', () => {
    expect(decide(stateOf(), missing)).toBe('automatic');
    const deployed = stateOf();
    deployed.history.push(record('new'));
    expect(decide(deployed, missing)).toBe('self-heal');
    expect(decide(deployed, equal)).toBeUndefined();
  });

  it('does nothing by itself where it may not', () => {
    expect(decide(stateOf({ syncPolicy: {} }), missing)).toBeUndefined();
    expect(decide(stateOf({ syncPolicy: { automated: { enabled: false } } }), missing)).toBeUndefined();
    expect(decide(stateOf(), missing, true)).toBeUndefined();
    const unhealing = stateOf({ syncPolicy: { automated: {} } });
    unhealing.attempt = { revision: 'new', specHash: 's', count: 1, succeeded: true };
    expect(decide(unhealing, missing)).toBeUndefined();
    expect(decide(unhealing, { items: equal.items, extra: [configMap] })).toBeUndefined();
  });

  it('tries a failed revision again up to its limit, when the wait is over', () => {
    const failed = stateOf();
    failed.attempt = { revision: 'new', specHash: 's', count: 1, succeeded: false };
    failed.retryAt = Date.now() + 60_000;
    expect(decide(failed, missing)).toBeUndefined();
    delete failed.retryAt;
    expect(decide(failed, missing)).toBe('automatic');
    failed.attempt.count = 2;
    expect(decide(failed, missing)).toBeUndefined();
    failed.attempt.revision = 'old';
    expect(decide(failed, missing)).toBe('automatic');
  });

  it('does not empty an application unless that is allowed', () => {
    const emptied = stateOf();
    const comparison = { items: [], extra: [configMap] };
    expect(automaticTrigger(emptied, emptied.application ?? raise(), comparison, context)).toBeUndefined();
    const allowed = stateOf({ syncPolicy: { automated: { prune: true, allowEmpty: true } } });
    expect(automaticTrigger(allowed, allowed.application ?? raise(), comparison, context)).toBe('automatic');
  });
});

describe('waitsFor', () => {
  it('names what an automatic application waits for, and ends when it failed', () => {
    const state = stateOf();
    state.sync = 'Synced';
    state.health = 'Progressing';
    expect(waitsFor(state)).toContain('web is Synced, Progressing');
    state.health = 'Healthy';
    expect(waitsFor(state)).toBeUndefined();
    state.sync = 'Unknown';
    state.comparisonError = { type: 'ComparisonError', message: 'broken' };
    expect(waitsFor(state)).toBeUndefined();
    state.retryAt = Date.now() + 1_000;
    expect(waitsFor(state)).toContain('broken');
  });
});

describe('interruptedOperation', () => {
  it('reads what a killed engine was doing from the status', () => {
    const state = stateOf();
    state.object.status = {
      operationState: {
        phase: 'Running',
        operation: {
          sync: { revision: 'abc', prune: true, resources: [{ group: 'apps', kind: 'Deployment', name: 'web' }] },
          initiatedBy: { username: 'ann' },
          info: [
            { name: 'daruma.dev/trigger', value: 'manual' },
            { name: 'daruma.dev/operation', value: 'id-1' },
          ],
        },
      },
    };
    expect(interruptedOperation(state)).toEqual({
      id: 'id-1',
      trigger: 'manual',
      revision: 'abc',
      actor: 'ann',
      prune: true,
      resources: ['Deployment.apps/web'],
    });
    (state.object.status as { operationState: { phase: string } }).operationState.phase = 'Succeeded';
    expect(interruptedOperation(state)).toBeUndefined();
  });
});

describe('DriftLog', () => {
  const resource = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true, verbs: [] };
  const live = { ...configMap, metadata: { ...configMap.metadata, uid: 'u', resourceVersion: '7' } };
  const write = (rest: Partial<AuditedWrite>): AuditedWrite => ({
    group: '',
    resource: 'configmaps',
    namespace: 'dev',
    name: 'c',
    uid: 'u',
    by: { user: 'eve', client: 'kubectl', verb: 'patch' },
    ...rest,
  });

  function open() {
    const told: EventType[] = [];
    let tell: (audited: AuditedWrite) => void = () => {};
    const events: EventSink = {
      record<T extends EventType>(type: T, data: EventPayloads[T]) {
        told.push(type);
        return { seq: 1, time: '', type, data } as JournalEntry;
      },
    };
    const audit = { follow: (listener: (audited: AuditedWrite) => void) => void (tell = listener) };
    const log = new DriftLog({ events, clock: systemClock, audit, signal: new AbortController().signal });
    const found = (kind: 'changed' | 'deleted') => log.found({ application: 'web', kind, changes: [], live, resource });
    return { log, told, found, tell: (audited: AuditedWrite) => tell(audited) };
  }

  it('joins an audit line that comes after the drift, by object and version', () => {
    const { log, told, found, tell } = open();
    found('changed');
    tell(write({ resourceVersion: '6', by: { user: 'other' } }));
    tell(write({ name: 'd', resourceVersion: '7', by: { user: 'other' } }));
    expect(log.list()[0]?.by).toBeUndefined();
    tell(write({ resourceVersion: '7' }));
    expect(log.list()[0]?.by).toMatchObject({ user: 'eve', source: 'audit' });
    expect(told).toEqual(['gitops.drift.found', 'gitops.drift.attributed']);
  });

  it('joins one that came before, and a deletion by its verb', () => {
    const { log, found, tell } = open();
    tell(write({ by: { user: 'eve', verb: 'delete' } }));
    found('deleted');
    expect(log.list()[0]?.by).toMatchObject({ user: 'eve', verb: 'delete' });
  });
});

describe('managedObjects', () => {
  it('keeps what Git decides, drops what a cluster makes up, and hides secrets', () => {
    const service = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'dev', uid: 'u', resourceVersion: '1', managedFields: [], annotations: { keep: 'me' } },
      spec: { clusterIP: '10.96.0.7', clusterIPs: ['10.96.0.7'], ports: [{ port: 80, nodePort: 30_000 }] },
      status: { loadBalancer: {} },
    };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'x', namespace: 'dev' },
      data: { password: 'aHVzaA==' },
    };
    const [first, second] = managedObjects([
      { application: 'web', object: service },
      { application: 'web', object: secret },
    ]);
    expect(JSON.stringify(first)).not.toContain('aHVzaA==');
    expect(first?.resource).toBe('Secret/x');
    expect(second?.object).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's', namespace: 'dev', annotations: { keep: 'me' } },
      spec: { ports: [{ port: 80 }] },
    });
  });
});

describe('queues', () => {
  it('run one piece after the other, also after a failure', async () => {
    const queue = new SerialQueue();
    const order: number[] = [];
    const failed = queue.run(async () => {
      order.push(1);
      throw new Error('no');
    });
    const done = queue.run(async () => void order.push(2));
    await expect(failed).rejects.toThrow('no');
    await done;
    await queue.idle();
    expect(order).toEqual([1, 2]);
    expect(queue.length).toBe(0);
  });

  it('bound what runs at once', async () => {
    const limit = boundedBy(2);
    let running = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 7 }, () =>
        limit(async () => {
          most = Math.max(most, ++running);
          await Promise.resolve();
          running--;
        }),
      ),
    );
    expect(most).toBe(2);
  });
});

describe('KeyIndex', () => {
  it('gives a key to the first that wants it until that lets it go', () => {
    const index = new KeyIndex();
    index.set('a', ['x', 'y']);
    index.set('b', ['y', 'z']);
    expect(['x', 'y', 'z'].map(key => index.applicationOf(key))).toEqual(['a', 'a', 'b']);
    index.set('a', ['x']);
    expect(index.applicationOf('y')).toBeUndefined();
    index.delete('a');
    expect(index.applicationOf('x')).toBeUndefined();
  });
});

function raise(): never {
  throw new Error('not read');
}
