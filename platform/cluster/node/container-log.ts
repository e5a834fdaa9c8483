// The log of one run of a container: lines with time and stream as container runtimes write them, rotated, read back and followed.
import { EventEmitter, once } from 'node:events';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { LogOptions } from '../pod-connector.ts';

/** As the kubelet's containerLogMaxSize and containerLogMaxFiles. */
const MAX_BYTES = 10 * 1024 * 1024;
const MAX_FILES = 5;
/** Above this many unwritten bytes the container's output is not read, so a chatty container waits and nothing is lost. */
const PENDING_LIMIT_BYTES = 256 * 1024;
const MAX_LINE_BYTES = 16 * 1024;

/** `path` is the file written now; `path.1` (newest) to `path.4` are older parts. */
export class ContainerLog {
  readonly path: string;
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #sources = new Set<Readable>();
  #file: FileHandle | undefined;
  #sizeBytes = 0;
  #generation = 0;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;
  #ended = false;

  constructor(path: string) {
    this.path = path;
  }

  /** Copies a stream of the container until its end. */
  capture(source: Readable, stream: 'stdout' | 'stderr'): Promise<void> {
    this.#sources.add(source);
    let rest: Buffer = Buffer.alloc(0);
    source.on('data', (chunk: Buffer) => {
      let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        this.#append(stream, data.subarray(0, end), true);
        data = data.subarray(end + 1);
      }
      while (data.length >= MAX_LINE_BYTES) {
        this.#append(stream, data.subarray(0, MAX_LINE_BYTES), false);
        data = data.subarray(MAX_LINE_BYTES);
      }
      rest = Buffer.from(data);
    });
    return new Promise(resolve => {
      source.once('close', () => {
        this.#sources.delete(source);
        if (rest.length > 0) this.#append(stream, rest, false);
        resolve();
      });
      source.on('error', () => {});
    });
  }

  /** Writes what is pending and lets followers come to an end. */
  async end(): Promise<void> {
    while (this.#writing) await this.#writing;
    this.#ended = true;
    await this.#file?.close();
    this.#file = undefined;
    this.#events.emit('change');
  }

  #append(stream: string, line: Buffer, whole: boolean): void {
    const head = Buffer.from(`${timestamp()} ${stream} ${whole ? 'F' : 'P'} `);
    this.#pending.push(head, line, NEWLINE);
    this.#pendingBytes += head.length + line.length + 1;
    if (this.#pendingBytes > PENDING_LIMIT_BYTES) for (const source of this.#sources) source.pause();
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      await Promise.resolve();
      while (this.#pending.length > 0) {
        const bytes = Buffer.concat(this.#pending.splice(0));
        this.#pendingBytes = 0;
        this.#file ??= await this.#open();
        if (this.#sizeBytes > 0 && this.#sizeBytes + bytes.length > MAX_BYTES) await this.#rotate();
        await this.#file.writeFile(bytes);
        this.#sizeBytes += bytes.length;
        for (const source of this.#sources) source.resume();
        this.#events.emit('change');
      }
    } catch {
      // A full disk must not stop the container; what was not written is lost.
      this.#pending.length = 0;
      this.#pendingBytes = 0;
      for (const source of this.#sources) source.resume();
    } finally {
      this.#writing = undefined;
    }
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.path), { recursive: true });
    const file = await open(this.path, 'a', 0o600);
    this.#sizeBytes = (await file.stat()).size;
    return file;
  }

  async #rotate(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await rm(`${this.path}.${MAX_FILES - 1}`, { force: true });
    for (let part = MAX_FILES - 2; part >= 1; part--)
      await rename(`${this.path}.${part}`, `${this.path}.${part + 1}`).catch(() => {});
    await rename(this.path, `${this.path}.1`);
    this.#generation++;
    this.#file = await this.#open();
  }

  /** The log's bytes as `kubectl logs` shows them. With `follow` until the container ends or the signal aborts. */
  async *read(options: LogOptions): AsyncIterable<Uint8Array> {
    const since = options.sinceTime
      ? Date.parse(options.sinceTime)
      : options.sinceSeconds !== undefined
        ? Date.now() - options.sinceSeconds * 1000
        : undefined;
    let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
    const show = (line: Buffer): Buffer | undefined => {
      const shown = render(line, since, options.timestamps === true);
      if (!shown || left <= 0) return undefined;
      const cut = shown.length > left ? shown.subarray(0, left) : shown;
      left -= cut.length;
      return cut;
    };
    while (this.#writing) await this.#writing;
    let generation = this.#generation;
    let position = 0;
    const lines: Buffer[] = [];
    for (const part of await this.#parts()) {
      position = 0;
      for await (const { line, endsAt } of readLines(part, 0)) {
        position = endsAt;
        const shown = options.tailLines === undefined ? show(line) : undefined;
        if (options.tailLines === undefined && shown) yield shown;
        else if (options.tailLines !== undefined) {
          lines.push(line);
          if (lines.length > options.tailLines * 2 + 1_000) lines.splice(0, lines.length - tailStart(lines, options.tailLines));
        }
        if (left <= 0 || options.signal.aborted) return;
      }
    }
    if (options.tailLines !== undefined) {
      for (const line of lines.slice(lines.length - tailStart(lines, options.tailLines))) {
        const shown = show(line);
        if (shown) yield shown;
      }
    }
    while (options.follow && left > 0 && !options.signal.aborted) {
      const changed = once(this.#events, 'change', { signal: options.signal }).catch(() => undefined);
      const ended = this.#ended;
      if (generation !== this.#generation) {
        // What was written between the last read and the rotation is in the part before.
        for (let part = this.#generation - generation; part >= 1; part--) {
          for await (const { line } of readLines(`${this.path}.${part}`, part === this.#generation - generation ? position : 0)) {
            const shown = show(line);
            if (shown) yield shown;
          }
        }
        generation = this.#generation;
        position = 0;
      }
      for await (const { line, endsAt } of readLines(this.path, position)) {
        position = endsAt;
        const shown = show(line);
        if (shown) yield shown;
      }
      if (ended) return;
      await changed;
    }
  }

  /** The end of the log as text, for a termination message. */
  async tail(lines: number, limitBytes: number): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read({ tailLines: lines, signal: new AbortController().signal })) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8').slice(-limitBytes);
  }

  async #parts(): Promise<string[]> {
    const name = this.path.slice(dirname(this.path).length + 1);
    const present = new Set(await readdir(dirname(this.path)).catch(() => []));
    const older = Array.from({ length: MAX_FILES - 1 }, (_, i) => `${name}.${MAX_FILES - 1 - i}`);
    return [...older, name].filter(part => present.has(part)).map(part => join(dirname(this.path), part));
  }
}

const NEWLINE = Buffer.from('\n');

function timestamp(): string {
  const now = performance.timeOrigin + performance.now();
  const nanos = Math.floor((now % 1000) * 1e6);
  return `${new Date(now).toISOString().slice(0, 19)}.${String(nanos).padStart(9, '0')}Z`;
}

/** How many entries at the end make up `count` lines; a line may have been written in several pieces. */
function tailStart(entries: Buffer[], count: number): number {
  let whole = 0;
  for (let i = entries.length - 1; i >= 0; i--) {
    const complete = isWhole(entries[i] as Buffer);
    if (complete || i === entries.length - 1) whole++;
    if (whole > count) return entries.length - 1 - i;
  }
  return entries.length;
}

function isWhole(entry: Buffer): boolean {
  const stream = entry.indexOf(32) + 1;
  return entry[entry.indexOf(32, stream) + 1] === 70;
}

function render(entry: Buffer, since: number | undefined, timestamps: boolean): Buffer | undefined {
  const time = entry.indexOf(32);
  const stream = entry.indexOf(32, time + 1);
  const tag = entry.indexOf(32, stream + 1);
  if (time < 0 || stream < 0 || tag < 0) return undefined;
  const stamp = entry.toString('latin1', 0, time);
  if (since !== undefined && Date.parse(stamp) < since) return undefined;
  const content = entry.subarray(tag + 1);
  const ends = isWhole(entry) ? NEWLINE : Buffer.alloc(0);
  return timestamps ? Buffer.concat([Buffer.from(`${stamp} `), content, ends]) : Buffer.concat([content, ends]);
}

/** Entries of a file from a byte on; an unfinished last one is left for later. A missing file has none. */
async function* readLines(path: string, from: number): AsyncIterable<{ line: Buffer; endsAt: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let at = from;
  try {
    for await (const chunk of createReadStream(path, { start: from }) as AsyncIterable<Buffer>) {
      let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
        at += end + 1;
        yield { line: data.subarray(0, end), endsAt: at };
        data = data.subarray(end + 1);
      }
      rest = data;
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
