import { expect, test } from 'vitest';
import type { Pod } from '../../controller-runtime/index.ts';
import { formatIndexes, type Job, type JobStatus, parseIndexes, TRACKING } from './job.ts';
import { backoffMs, missingIndexes, wantedActive } from './job-pods.ts';
import { verdictOn } from './job-progress.ts';
import { countReleased, noteEnded } from './pod-accounting.ts';

const job = (spec: Partial<Job['spec']> = {}, status?: JobStatus): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'n', uid: 'j' },
  spec: { template: { spec: { containers: [], restartPolicy: 'Never' } }, ...spec },
  ...(status ? { status } : {}),
});

const pod = (uid: string, phase: string, { held = true, index }: { held?: boolean; index?: number } = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: uid,
    uid,
    ...(held ? { finalizers: [TRACKING] } : {}),
    ...(index === undefined ? {} : { annotations: { 'batch.kubernetes.io/job-completion-index': String(index) } }),
    creationTimestamp: '2024-01-01T00:00:00Z',
  },
  spec: { containers: [] },
  status: {
    phase,
    containerStatuses: [{ name: 'c', state: { terminated: { exitCode: 1, finishedAt: '2024-01-01T00:00:00Z' } as never } }],
  },
});

test('indexes are written as Kubernetes writes them', () => {
  expect(formatIndexes(new Set([5, 0, 1, 3, 2]))).toBe('0-3,5');
  expect(formatIndexes(new Set([0, 1]))).toBe('0,1');
  expect([...parseIndexes('0-3,5')]).toEqual([0, 1, 2, 3, 5]);
  expect(parseIndexes(undefined).size).toBe(0);
});

test('an ended pod is counted once, however often and in whatever order it is seen', () => {
  const ended = [pod('a', 'Succeeded'), pod('b', 'Failed')];
  const noted = noteEnded(job(), {}, ended);
  expect(noted.uncountedTerminatedPods).toEqual({ succeeded: ['a'], failed: ['b'] });
  expect(noteEnded(job(), noted, ended)).toBe(noted);
  // Still held: not counted yet. Released or gone: counted.
  expect(countReleased(job(), noted, ended)).toMatchObject({ uncountedTerminatedPods: noted.uncountedTerminatedPods });
  const counted = countReleased(job(), noted, [pod('a', 'Succeeded', { held: false })]);
  expect(counted).toMatchObject({ succeeded: 1, failed: 1, uncountedTerminatedPods: {} });
  expect(noteEnded(job(), counted, [pod('a', 'Succeeded', { held: false })])).toBe(counted);
});

test('no more pods run than completions are missing', () => {
  expect(wantedActive(job({ completions: 3, parallelism: 2 }), { succeeded: 0, active: 0 })).toBe(2);
  expect(wantedActive(job({ completions: 3, parallelism: 2 }), { succeeded: 2, active: 0 })).toBe(1);
  expect(wantedActive(job({ parallelism: 2 }), { succeeded: 0, active: 2 })).toBe(2);
  expect(wantedActive(job({ parallelism: 2 }), { succeeded: 1, active: 1 })).toBe(1);
});

test('an index runs again only when it neither is complete nor has an active pod', () => {
  const indexed = job({ completions: 5, completionMode: 'Indexed' }, { completedIndexes: '0' });
  expect(missingIndexes(indexed, [pod('a', 'Running', { index: 1 }), pod('b', 'Failed', { index: 2 })], 2)).toEqual([2, 3]);
});

test('failures in a row hold the next pod back longer and longer', () => {
  const at = (seconds: number) => new Date(Date.parse('2024-01-01T00:00:00Z') + seconds * 1_000);
  expect(backoffMs([], at(0))).toBe(0);
  expect(backoffMs([pod('a', 'Failed')], at(4))).toBe(6_000);
  expect(backoffMs([pod('a', 'Failed'), pod('b', 'Failed')], at(4))).toBe(16_000);
  expect(backoffMs([pod('a', 'Failed')], at(60))).toBe(0);
});

test('a job ends by its limits', () => {
  const facts = { pods: [], active: 0, now: new Date('2024-01-01T00:01:00Z') };
  expect(verdictOn(job({ completions: 2 }), { succeeded: 2 }, facts)?.reason).toBe('CompletionsReached');
  expect(verdictOn(job({ completions: 2 }), { succeeded: 1 }, facts)).toBeUndefined();
  expect(verdictOn(job({ completions: 2, backoffLimit: 1 }), { failed: 2 }, facts)?.reason).toBe('BackoffLimitExceeded');
  const late = { startTime: '2024-01-01T00:00:00Z' };
  expect(verdictOn(job({ completions: 2, activeDeadlineSeconds: 60 }), late, facts)?.reason).toBe('DeadlineExceeded');
  expect(verdictOn(job({ completions: 2, activeDeadlineSeconds: 61 }), late, facts)).toBeUndefined();
});
