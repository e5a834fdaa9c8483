// Starts a process that cannot outlive this one: a watcher of a few hundred kilobytes kills its group when our end of a pipe closes.
// A Node process as supervisor would cost 40 MB and 40 ms for each container; two shells' forks cost 1 ms.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/**
 * `$$` is the group's leader, which then becomes the program itself; the watcher is in the group, so its number stays taken. It is forked
 * twice, since programs that wait for all their children (`script`, shells) must not find one that they never started.
 */
const GUARD = `(trap '' HUP INT TERM QUIT; (read -r _; kill -KILL -$$) <&3 >/dev/null 2>&1 &); exec 3<&-; exec "$@"`;

const DRAIN_MS = 1_000;

export interface GuardedProcess {
  pid: number;
  stdin: Writable | undefined;
  stdout: Readable;
  stderr: Readable;
  /** Resolves when the leader has ended, its group was killed and its output was read (or held open for 1 s by others). */
  exit: Promise<{ code: number; signal?: NodeJS.Signals }>;
  killGroup(): void;
}

export interface GuardedCommand {
  command: string[];
  cwd: string;
  env: Record<string, string>;
  stdin?: boolean;
}

/** @throws the system's error when not even the shell starts */
export async function spawnGuarded({ command, cwd, env, stdin = false }: GuardedCommand): Promise<GuardedProcess> {
  const child = spawn('/bin/sh', ['-c', GUARD, 'sh', ...command], {
    cwd,
    env,
    detached: true,
    stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const pid = child.pid as number;
  const pipe = child.stdio[3] as Writable;
  pipe.on('error', () => {});
  child.stdin?.on('error', () => {});
  return {
    pid,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout as Readable,
    stderr: child.stderr as Readable,
    exit: ended(child, pipe),
    killGroup: () => {
      // The watcher does it, so that a number that was given to another group meanwhile is never hit.
      pipe.destroy();
    },
  };
}

async function ended(child: ChildProcess, pipe: Writable): Promise<{ code: number; signal?: NodeJS.Signals }> {
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  pipe.destroy();
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    closed,
    new Promise<void>(resolve => {
      timer = setTimeout(resolve, DRAIN_MS);
    }),
  ]);
  clearTimeout(timer);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return signal ? { code: 128 + signalNumber(signal), signal } : { code: code ?? 0 };
}

const SIGNALS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};

export function signalNumber(signal: NodeJS.Signals): number {
  return SIGNALS[signal] ?? 1;
}
