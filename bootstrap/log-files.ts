// The log files of a home: written by the appliance and its cluster host, read back for `daruma logs`.
import { createReadStream, createWriteStream, existsSync, type WriteStream, watch } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLogger, type HomePaths, type Logger } from '../platform/core/index.ts';

const LARGEST_BYTES = 10_000_000;
const FILES = ['daruma.log', 'cluster.log'];

/** A logger into `<home>/logs/daruma.log`; a file above 10 MB is set aside as `.1` first. */
export async function openLog(paths: HomePaths): Promise<{ logger: Logger; file: WriteStream }> {
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  for (const name of FILES) {
    const path = join(paths.logs, name);
    const size = await stat(path).then(
      found => found.size,
      () => 0,
    );
    if (size > LARGEST_BYTES) await rename(path, `${path}.1`);
  }
  const file = createWriteStream(join(paths.logs, 'daruma.log'), { flags: 'a', mode: 0o600 });
  // A full disk must not end the platform because of its log.
  file.on('error', () => {});
  return { logger: createLogger(line => void file.write(`${line}\n`)), file };
}

/** Whether the home has a log, of a platform that runs or ran. */
export function hasLog(paths: HomePaths): boolean {
  return FILES.some(name => existsSync(join(paths.logs, name)));
}

/** The lines of all logs, or of one subsystem; with `signal` it goes on until that aborts. */
export async function* readLog(
  paths: HomePaths,
  { subsystem, follow }: { subsystem?: string; follow?: AbortSignal },
): AsyncIterable<string> {
  const sizes = new Map<string, number>();
  for (;;) {
    for (const name of FILES) {
      const path = join(paths.logs, name);
      if (!existsSync(path)) continue;
      const size = (await stat(path)).size;
      const from = Math.min(sizes.get(name) ?? 0, size);
      sizes.set(name, size);
      if (size > from) yield* lines(path, from, size, subsystem);
    }
    if (!follow || follow.aborted) return;
    await changed(paths.logs, follow);
  }
}

async function* lines(path: string, start: number, size: number, subsystem: string | undefined): AsyncIterable<string> {
  for await (const line of createInterface({ input: createReadStream(path, { start, end: size - 1 }) })) {
    if (!subsystem || subsystemOf(line) === subsystem) yield `${line}\n`;
  }
}

function subsystemOf(line: string): string {
  return /"subsystem":"([^"]*)"/.exec(line)?.[1]?.split('.')[0] ?? '';
}

function changed(folder: string, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const watcher = watch(folder, { persistent: false }, finish);
    signal.addEventListener('abort', finish, { once: true });
    function finish() {
      watcher.close();
      signal.removeEventListener('abort', finish);
      resolve();
    }
  });
}
