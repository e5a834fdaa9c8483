// One suite for every backend: the guarantees that the API server builds upon.
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openLmdbStore,
  openMemoryStore,
  type Store,
  StoreConflict,
  type StoredObject,
  type StoreEvent,
  StoreExpired,
} from './index.ts';
import { ObjectStore } from './object-store.ts';

const key = (name: string, namespace = 'a') => ({ collection: '/configmaps', namespace, name });
const configMap = (name: string, data: Record<string, string> = {}, namespace = 'a'): StoredObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const backends = [
  { name: 'memory', open: async () => openMemoryStore() },
  { name: 'lmdb', open: () => openLmdbStore(folder) },
];

describe.each(backends)('the $name store', ({ open: openStore }) => {
  let store: Store;
  beforeEach(async () => {
    store = await openStore();
  });
  afterEach(() => store[Symbol.asyncDispose]());

  it('gives each write the next revision and stamps it', () => {
    const first = store.put(key('x'), configMap('x'), { expected: 0 });
    const second = store.put(key('x'), configMap('x', { k: '1' }), { expected: first.revision });
    expect(second.revision).toBe(first.revision + 1);
    expect(store.get(key('x'))?.object.metadata.resourceVersion).toBe(String(second.revision));
    expect(JSON.parse(second.json)).toEqual(second.object);
  });

  it('refuses a write whose expectation does not hold, and changes nothing', () => {
    const { revision } = store.put(key('x'), configMap('x'), { expected: 0 });
    expect(() => store.put(key('x'), configMap('x'), { expected: 0 })).toThrow(StoreConflict);
    expect(() => store.put(key('y'), configMap('y'), { expected: 5 })).toThrow(StoreConflict);
    expect(() => store.delete(key('x'), { expected: revision - 1 })).toThrow(StoreConflict);
    expect(() => store.delete(key('y'))).toThrow(StoreConflict);
    expect(store.revision).toBe(revision);
  });

  it('lists by namespace and name, names of one namespace alone when asked', () => {
    for (const [namespace, name] of [
      ['b', 'z'],
      ['a', 'n'],
      ['a-b', 'q'],
      ['a', 'c'],
      ['a', 'm-1'],
    ] as const)
      store.put(key(name, namespace), configMap(name, {}, namespace));
    const names = (namespace?: string) => store.list('/configmaps', namespace).map(r => `${r.key.namespace}/${r.key.name}`);
    expect(names()).toEqual(['a-b/q', 'a/c', 'a/m-1', 'a/n', 'b/z']);
    expect(names('a')).toEqual(['a/c', 'a/m-1', 'a/n']);
    store.delete(key('m-1'));
    expect(names('a')).toEqual(['a/c', 'a/n']);
    expect(names('none')).toEqual([]);
  });

  it('lists as of an earlier revision', () => {
    store.put(key('x'), configMap('x', { v: '1' }));
    const { revision } = store.put(key('y'), configMap('y', { v: '1' }));
    store.put(key('x'), configMap('x', { v: '2' }));
    store.delete(key('y'));
    store.put(key('z'), configMap('z'));
    const past = store.listAt('/configmaps', 'a', revision);
    expect(past.map(r => [r.key.name, r.object['data']])).toEqual([
      ['x', { v: '1' }],
      ['y', { v: '1' }],
    ]);
    expect(() => store.listAt('/configmaps', 'a', store.oldestRevision - 1)).toThrow(StoreExpired);
  });

  it('replays history to a watcher, then follows, without gap or duplicate', async () => {
    const since = store.revision;
    store.put(key('x'), configMap('x'));
    store.put({ collection: '/secrets', namespace: 'a', name: 's' }, configMap('s'));
    await store.durable();
    store.put(key('x'), configMap('x', { v: '2' }));
    const events: StoreEvent[] = [];
    const stop = new AbortController();
    store.watch('/configmaps', { since, signal: stop.signal }, event => events.push(event));
    store.delete(key('x'));
    await store.durable();
    expect(events.map(event => event.type)).toEqual(['added', 'modified', 'deleted']);
    expect(events[2]?.record.object.metadata.resourceVersion).toBe(String(store.revision));
    expect(events[2]?.previous?.object['data']).toEqual({ v: '2' });
    stop.abort();
    store.put(key('w'), configMap('w'));
    await store.durable();
    expect(events).toHaveLength(3);
  });

  it('bounds its history and says that older revisions have expired', async () => {
    const since = store.revision;
    for (let count = 0; count < 12_000; count++) {
      store.put(key('x'), configMap('x', { v: String(count) }));
      if (count % 1000 === 0) await store.durable();
    }
    await store.durable();
    const { signal } = new AbortController();
    expect(() => store.watch('/configmaps', { since, signal }, () => {})).toThrow(StoreExpired);
    const seen: number[] = [];
    store.watch('/configmaps', { since: store.oldestRevision, signal }, event => seen.push(event.record.revision));
    expect(seen[0]).toBe(store.oldestRevision + 1);
    expect(seen.at(-1)).toBe(store.revision);
    expect(seen).toHaveLength(store.revision - store.oldestRevision);
  });
});

describe('the lmdb store over restarts', () => {
  it('resumes revision and objects, with the longest names and any text', async () => {
    const longest = 'n'.repeat(253);
    const store = await openLmdbStore(folder);
    store.put(
      { collection: `${'g'.repeat(253)}/${'r'.repeat(63)}`, namespace: 'm'.repeat(63), name: longest },
      configMap(longest),
    );
    for (const name of ['[1,2]', '0', '-1', 'a'.repeat(64)]) store.put(key(name), configMap(name, { text: 'ü\u0000☃' }));
    const gone = store.put(key('gone'), configMap('gone'));
    store.delete(key('gone'), { expected: gone.revision });
    await store.durable();
    const { revision } = store;
    await store[Symbol.asyncDispose]();

    await using again = await openLmdbStore(folder);
    expect(again.revision).toBe(revision);
    expect(again.list('/configmaps').map(r => r.key.name)).toEqual(['-1', '0', '[1,2]', 'a'.repeat(64)]);
    expect(again.get(key('0'))?.object['data']).toEqual({ text: 'ü\u0000☃' });
    expect(
      again.get({ collection: `${'g'.repeat(253)}/${'r'.repeat(63)}`, namespace: 'm'.repeat(63), name: longest }),
    ).toBeDefined();
    expect(again.put(key('new'), configMap('new')).revision).toBe(revision + 1);
    expect(() => again.watch('/configmaps', { since: revision - 1, signal: new AbortController().signal }, () => {})).toThrow(
      StoreExpired,
    );
  });

  it('refuses a file that is not its own, is cut, or was changed on disk', async () => {
    const store = await openLmdbStore(folder);
    store.put(key('x'), configMap('x', { marker: 'MARKER-TEXT' }));
    await store[Symbol.asyncDispose]();
    const path = join(folder, 'objects.mdb');
    const bytes = await readFile(path);
    const damage = async (content: Buffer) => {
      await writeFile(path, content);
      await expect(openLmdbStore(folder)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    };
    const changed = Buffer.from(bytes);
    for (let at = changed.indexOf('MARKER-TEXT'); at >= 0; at = changed.indexOf('MARKER-TEXT', at)) changed.write('DAMAGE', at);
    await damage(changed);
    await damage(Buffer.from('hello'));
    await damage(Buffer.alloc(20_000, 'x'));
    await writeFile(path, bytes);
    await using healed = await openLmdbStore(folder);
    expect(healed.get(key('x'))).toBeDefined();
  });
});

describe('durability', () => {
  it('tells neither waiters nor watchers of a write before the backend has it on disk', async () => {
    let reach: () => void = () => {};
    const onDisk = new Promise<void>(resolve => (reach = resolve));
    const store = new ObjectStore({ backend: { append: () => onDisk, close: async () => {} }, revision: 1, objects: [] });
    const seen: StoreEvent[] = [];
    store.watch('/configmaps', { since: 1, signal: new AbortController().signal }, event => seen.push(event));
    store.put(key('x'), configMap('x'));
    let durable = false;
    const waiting = store.durable().then(() => (durable = true));
    await new Promise(resolve => setImmediate(resolve));
    await new Promise(resolve => setImmediate(resolve));
    expect([durable, seen.length, store.durableRevision]).toEqual([false, 0, 1]);
    reach();
    await waiting;
    expect([durable, seen.length, store.durableRevision]).toEqual([true, 1, 2]);
  });

  it('takes a write back that did not reach the disk and accepts no further one', async () => {
    let broken = false;
    const append = async () => {
      if (broken) throw new Error('ENOSPC');
    };
    const store = new ObjectStore({ backend: { append, close: async () => {} }, revision: 1, objects: [] });
    store.put(key('kept'), configMap('kept', { v: '1' }));
    await store.durable();
    broken = true;
    store.put(key('kept'), configMap('kept', { v: '2' }));
    store.put(key('lost'), configMap('lost'));
    await expect(store.durable()).rejects.toThrow('read-only');
    expect(store.list('/configmaps').map(r => r.object['data'])).toEqual([{ v: '1' }]);
    expect(() => store.put(key('more'), configMap('more'))).toThrow('read-only');
  });

  it('commits many writes of one turn together', async () => {
    const sizes: number[] = [];
    const append = async (changes: readonly StoreEvent[]) => {
      sizes.push(changes.length);
    };
    const store = new ObjectStore({ backend: { append, close: async () => {} }, revision: 1, objects: [] });
    for (let count = 0; count < 50; count++) store.put(key(`x${count}`), configMap(`x${count}`));
    await store.durable();
    expect(sizes).toEqual([50]);
  });

  it('leaves no file open after it was closed', async () => {
    const store = await openLmdbStore(folder);
    store.put(key('x'), configMap('x'));
    await store[Symbol.asyncDispose]();
    await (await open(join(folder, 'objects.mdb'), 'r+')).close();
  });
});
