import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLogger } from '../../core/index.ts';
import { WorkQueue } from './work-queue.ts';

let abort: AbortController;
beforeEach(() => {
  abort = new AbortController();
});
afterEach(() => abort.abort());

const queueOf = (sync: (key: string) => Promise<number | undefined | void>, concurrency?: number) => {
  const queue = new WorkQueue({
    name: 'test',
    sync,
    logger: silentLogger,
    signal: abort.signal,
    ...(concurrency ? { concurrency } : {}),
  });
  queue.start();
  return queue;
};

test('a key that is added many times before it is worked on is worked on once', async () => {
  const seen: string[] = [];
  const queue = queueOf(async key => void seen.push(key));
  for (let i = 0; i < 5; i++) queue.add('a');
  queue.add('b');
  await vi.waitFor(() => expect(seen).toEqual(['a', 'b']));
});

test('a key that is added while it is worked on is worked on again, never twice at once', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const queue = queueOf(async () => {
    most = Math.max(most, ++running);
    if (++runs === 1) {
      queue.add('a');
      queue.add('a');
    }
    await new Promise(resolve => setImmediate(resolve));
    running -= 1;
  });
  queue.add('a');
  await vi.waitFor(() => expect(runs).toBe(2));
  await queue.settled();
  expect({ most, runs }).toEqual({ most: 1, runs: 2 });
});

test('no more keys than the limit are worked on at once', async () => {
  let running = 0;
  let most = 0;
  let done = 0;
  const queue = queueOf(async () => {
    most = Math.max(most, ++running);
    await new Promise(resolve => setImmediate(resolve));
    running -= 1;
    done += 1;
  }, 3);
  for (let i = 0; i < 20; i++) queue.add(String(i));
  await vi.waitFor(() => expect(done).toBe(20));
  expect(most).toBe(3);
});

test('a failure is tried again until it succeeds', async () => {
  let runs = 0;
  const queue = queueOf(async () => {
    if (++runs < 4) throw new Error('not yet');
  });
  queue.add('a');
  await vi.waitFor(() => expect(runs).toBe(4), { timeout: 10_000 });
});

test('a number asks to be called again', async () => {
  let runs = 0;
  const queue = queueOf(async () => (++runs < 3 ? 1 : undefined));
  queue.add('a');
  await vi.waitFor(() => expect(runs).toBe(3), { timeout: 10_000 });
});

test('after the end nothing is worked on and no timer is left', () => {
  vi.useFakeTimers();
  try {
    let runs = 0;
    const queue = queueOf(async () => void (runs += 1));
    queue.addAfter('late', 50);
    abort.abort();
    queue.add('a');
    queue.addAfter('b', 1);
    vi.advanceTimersByTime(1_000);
    expect({ runs, timers: vi.getTimerCount() }).toEqual({ runs: 0, timers: 0 });
  } finally {
    vi.useRealTimers();
  }
});
