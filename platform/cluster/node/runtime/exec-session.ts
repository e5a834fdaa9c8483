// A command beside a container's own process, with pipes or, where util-linux's `script` is, on a terminal.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecOptions, ExecSession } from '../../pod-connector.ts';
import { type GuardedCommand, spawnGuarded } from './guarded-process.ts';

/** A new terminal has no size; the program starts when it was given one, or after a second. */
const WAIT_FOR_SIZE = `i=0; while [ "$(stty size)" = '0 0' ] && [ $i -lt 50 ]; do i=$((i+1)); sleep 0.02; done`;

const TERMINAL_LIMIT_MS = 2_000;
const POLL_MS = 5;

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `inner` is the command as this host runs it. */
export async function execSession(
  inner: GuardedCommand,
  { stdin, tty }: Pick<ExecOptions, 'stdin' | 'tty'>,
): Promise<ExecSession> {
  const onTerminal = tty && process.platform === 'linux';
  const line = `${WAIT_FOR_SIZE}; exec ${inner.command.map(quote).join(' ')}`;
  const command = onTerminal ? ['script', '-q', '-e', '-f', '-c', line, '/dev/null'] : inner.command;
  const env = onTerminal ? { TERM: 'xterm', ...inner.env, SHELL: '/bin/sh' } : inner.env;
  // `script` takes the end of its input for a hang-up, so a terminal without input keeps an open one.
  const started = await spawnGuarded({ ...inner, command, env, stdin: stdin || onTerminal });
  // One after the other, so that the last size is the one that stays.
  let sizing = onTerminal ? resizeTerminal(started.pid, 80, 24) : Promise.resolve();
  return {
    ...(stdin && started.stdin ? { stdin: started.stdin } : {}),
    stdout: started.stdout,
    ...(onTerminal ? {} : { stderr: started.stderr }),
    resize(columns, rows) {
      if (onTerminal) sizing = sizing.then(() => resizeTerminal(started.pid, columns, rows));
    },
    exit: started.exit.then(({ code, signal }) => ({ code, ...(signal ? { message: `command terminated by ${signal}` } : {}) })),
    kill: () => started.killGroup(),
  };
}

/** The first size often comes before `script` has opened its terminal, which is therefore waited for. */
async function resizeTerminal(scriptPid: number, columns: number, rows: number): Promise<void> {
  const deadline = performance.now() + TERMINAL_LIMIT_MS;
  while (performance.now() < deadline) {
    const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, 'utf8').catch(() => undefined);
    if (children === undefined) return;
    const first = children.trim().split(/\s+/)[0];
    const terminal = first ? await readlink(`/proc/${first}/fd/0`).catch(() => '') : '';
    if (terminal.startsWith('/dev/pts/')) {
      const size = ['cols', String(Math.trunc(columns)), 'rows', String(Math.trunc(rows))];
      const stty = spawn('stty', ['-F', terminal, ...size], { stdio: 'ignore' });
      await once(stty, 'close').catch(() => {});
      return;
    }
    await delay(POLL_MS);
  }
}
