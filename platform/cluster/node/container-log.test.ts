import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogOptions } from '../pod-connector.ts';
import { ContainerLog } from './container-log.ts';

let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-log-'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(log: ContainerLog, options: Partial<LogOptions> = {}): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of log.read({ signal: AbortSignal.timeout(30_000), ...options })) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function written(...chunks: string[]): Promise<ContainerLog> {
  const log = new ContainerLog(join(folder, `${count++}`, '0.log'));
  const stdout = new PassThrough();
  const captured = log.capture(stdout, 'stdout');
  for (const chunk of chunks) stdout.write(chunk);
  stdout.end();
  await captured;
  await log.end();
  return log;
}

describe('a container log', () => {
  it('gives back what was written, by lines, by time and by size', async () => {
    const log = await written('one\ntw', 'o\nthree\nunfinished');
    expect(await read(log)).toBe('one\ntwo\nthree\nunfinished');
    expect(await read(log, { tailLines: 2 })).toBe('three\nunfinished');
    expect(await read(log, { tailLines: 0 })).toBe('');
    expect(await read(log, { tailLines: 99 })).toBe('one\ntwo\nthree\nunfinished');
    expect(await read(log, { limitBytes: 5 })).toBe('one\nt');
    expect(await read(log, { sinceTime: new Date(Date.now() + 60_000).toISOString() })).toBe('');
    expect(await read(log, { sinceSeconds: 3600, timestamps: true })).toMatch(
      /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \w+\n?){4}$/,
    );
    expect(await log.tail(1, 4)).toBe('shed');
    expect(await read(new ContainerLog(join(folder, 'none', '0.log')))).toBe('');
  });

  it('keeps lines longer than its pieces whole', async () => {
    const long = 'x'.repeat(50_000);
    const log = await written(`${long}\nshort\n`);
    expect(await read(log)).toBe(`${long}\nshort\n`);
    expect(await read(log, { tailLines: 2 })).toBe(`${long}\nshort\n`);
  });

  it('follows over rotations without losing or repeating a line', async () => {
    const log = new ContainerLog(join(folder, `${count++}`, '0.log'));
    const stdout = new PassThrough();
    const captured = log.capture(stdout, 'stdout');
    const following = read(log, { follow: true });
    const lines = Array.from({ length: 3_000 }, (_, i) => `${i} ${'y'.repeat(8_000)}\n`);
    for (const line of lines) if (!stdout.write(line)) await new Promise(resolve => stdout.once('drain', resolve));
    stdout.end();
    await captured;
    await log.end();
    const seen = (await following).split('\n').filter(line => line !== '');
    expect(seen.map(line => line.split(' ')[0])).toEqual(lines.map(line => line.split(' ')[0]));
    expect((await readdir(join(log.path, '..'))).sort()).toEqual(['0.log', '0.log.1', '0.log.2']);
    expect(await read(log, { tailLines: 1 })).toBe(lines.at(-1));
  });

  it('stops following when its reader goes', async () => {
    const log = new ContainerLog(join(folder, `${count++}`, '0.log'));
    const stdout = new PassThrough();
    const captured = log.capture(stdout, 'stderr');
    stdout.write('first\n');
    const stop = new AbortController();
    let seen = '';
    for await (const chunk of log.read({ follow: true, signal: stop.signal })) {
      seen += String(chunk);
      stop.abort();
    }
    expect(seen).toBe('first\n');
    stdout.end();
    await captured;
    await log.end();
  });
});
