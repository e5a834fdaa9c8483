import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, errorCatalogue, eventText, Journal, type JournalEntry, writeFileAtomic } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-core-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the journal', () => {
  it('keeps what was recorded, in order, with rising seq', async () => {
    const path = join(folder, 'journal.jsonl');
    {
      await using journal = await Journal.open(path);
      for (let n = 0; n < 50; n++) journal.record('gitops.error', { message: `event ${n}` });
      await journal.flush();
    }
    await using again = await Journal.open(path);
    const next = again.record('gitops.error', { message: 'after' });
    expect(next.seq).toBe(51);
    expect(again.since(48).map(entry => (entry.data as { message: string }).message)).toEqual(['event 48', 'event 49', 'after']);
  });

  it('cuts a torn last line and goes on', async () => {
    const path = join(folder, 'journal.jsonl');
    {
      await using journal = await Journal.open(path);
      journal.record('gitops.error', { message: 'whole' });
    }
    await appendFile(path, '{"seq":2,"time":"20');
    {
      await using journal = await Journal.open(path);
      expect(journal.since(0)).toHaveLength(1);
      expect(journal.record('gitops.error', { message: 'next' }).seq).toBe(2);
    }
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines.map(line => (JSON.parse(line) as JournalEntry).seq)).toEqual([1, 2]);
  });

  it('tells followers until they leave', async () => {
    await using journal = await Journal.open(join(folder, 'journal.jsonl'));
    const seen: number[] = [];
    const leave = new AbortController();
    journal.follow(entry => seen.push(entry.seq), { signal: leave.signal });
    journal.record('gitops.error', { message: 'one' });
    leave.abort();
    journal.record('gitops.error', { message: 'two' });
    expect(seen).toEqual([1]);
  });
});

describe('writeFileAtomic', () => {
  it('replaces a file whole, with the mode that was asked for, and leaves nothing beside it', async () => {
    const path = join(folder, 'deep', 'file.json');
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two', { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { readdir } = await import('node:fs/promises');
    expect(await readdir(join(folder, 'deep'))).toEqual(['file.json']);
  });
});

describe('the logger', () => {
  it('takes secrets out of fields and texts', () => {
    const lines: string[] = [];
    const logger = createLogger(line => lines.push(line));
    logger.info('cloned http://lead:hunter2@127.0.0.1/x.git', {
      token: 'hunter2',
      nested: { password: 'hunter2' },
      header: 'Bearer hunter2',
      error: new Error('push to http://lead:hunter2@host failed'),
    });
    expect(lines[0]).not.toContain('hunter2');
    expect(lines[0]).toContain('cloned');
  });

  it('leaves out what is below its level', () => {
    const lines: string[] = [];
    const logger = createLogger(line => lines.push(line), { level: 'warn' }).child('git');
    logger.info('quiet');
    logger.warn('loud');
    expect(lines.map(line => (JSON.parse(line) as { message: string; subsystem: string }).message)).toEqual(['loud']);
    expect(lines[0]).toContain('"subsystem":"git"');
  });
});

describe('the error catalogue', () => {
  it('gives each code a meaning and an exit code', () => {
    for (const [code, { meaning, exitCode }] of Object.entries(errorCatalogue)) {
      expect(code).toMatch(/^[A-Z_]+$/);
      expect(meaning).toMatch(/\.$/);
      expect(exitCode).toBeGreaterThan(0);
    }
  });

  it('is what docs/errors.md lists', async () => {
    const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    for (const [code, { meaning, exitCode }] of Object.entries(errorCatalogue))
      expect(page).toContain(`| \`${code}\` | ${exitCode} | ${meaning} |`);
    expect(page.match(/^\| `/gm)).toHaveLength(Object.keys(errorCatalogue).length);
  });
});

it('eventText says one line for an event', () => {
  const entry: JournalEntry = {
    seq: 1,
    time: '2026-01-01T00:00:00Z',
    type: 'gitops.drift.healed',
    data: { application: 'demo-dev', resource: 'Deployment/demo', ms: 12 },
  };
  expect(eventText(entry)).toBe('drift  demo-dev Deployment/demo healed in 12 ms');
});
