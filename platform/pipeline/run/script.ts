// Runs one script in a real shell, in its own process group, so that a stop reaches whatever it has started.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

const GRACE_MS = 2_000;

export interface ScriptOptions {
  script: string;
  shell: 'bash' | 'sh' | 'default';
  /** Where the script's text is kept while it runs. */
  file: string;
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
  onLine(line: string): void;
}

function hasBash(path: string): boolean {
  return path.split(delimiter).some(folder => existsSync(join(folder, 'bash')));
}

/** GitHub's command lines: without `shell` bash -e, with it pipefail too; sh where there is no bash. */
function commandLine({ shell, file, env }: ScriptOptions): [string, string[]] {
  if (shell === 'bash') return ['bash', ['--noprofile', '--norc', '-eo', 'pipefail', file]];
  return [shell === 'default' && hasBash(env['PATH'] ?? '') ? 'bash' : 'sh', ['-e', file]];
}

/**
 * Resolves with the exit code, or 128 + n for a signal, when the script and its process group are gone.
 * @throws the signal's reason when it aborted; SIGTERM comes first, SIGKILL two seconds later.
 */
export async function runScript(options: ScriptOptions): Promise<number> {
  options.signal.throwIfAborted();
  await writeFile(options.file, options.script);
  const [command, args] = commandLine(options);
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const killGroup = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // The group is gone already.
    }
  };
  let force: NodeJS.Timeout | undefined;
  const stop = () => {
    killGroup('SIGTERM');
    force = setTimeout(() => killGroup('SIGKILL'), GRACE_MS);
  };
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    const output = [readLines(child.stdout, options.onLine), readLines(child.stderr, options.onLine)];
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (exitCode, signal) => resolve(exitCode ?? (signal === 'SIGKILL' ? 137 : 143)));
    });
    // What the script left in the background would hold its output open for ever.
    killGroup('SIGKILL');
    await Promise.all(output);
    options.signal.throwIfAborted();
    return code;
  } finally {
    clearTimeout(force);
    options.signal.removeEventListener('abort', stop);
  }
}

async function readLines(stream: Readable, onLine: (line: string) => void): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) onLine(line);
}
