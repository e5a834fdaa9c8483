// A command beside a container's own process, with pipes or, where util-linux's `script` is, on a terminal.
import { spawn } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import type { ExecOptions, ExecSession } from '../../pod-connector.ts';
import { type GuardedCommand, spawnGuarded } from './guarded-process.ts';

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `inner` is the command as this host runs it. */
export async function execSession(
  inner: GuardedCommand,
  { stdin, tty }: Pick<ExecOptions, 'stdin' | 'tty'>,
): Promise<ExecSession> {
  const onTerminal = tty && process.platform === 'linux';
  const line = `stty cols 80 rows 24 2>/dev/null; exec ${inner.command.map(quote).join(' ')}`;
  const command = onTerminal ? ['script', '-q', '-e', '-f', '-c', line, '/dev/null'] : inner.command;
  const env = onTerminal ? { TERM: 'xterm', ...inner.env, SHELL: '/bin/sh' } : inner.env;
  // `script` takes the end of its input for a hang-up, so a terminal without input keeps an open one.
  const started = await spawnGuarded({ ...inner, command, env, stdin: stdin || onTerminal });
  return {
    ...(stdin && started.stdin ? { stdin: started.stdin } : {}),
    stdout: started.stdout,
    ...(onTerminal ? {} : { stderr: started.stderr }),
    resize(columns, rows) {
      if (onTerminal) void resizeTerminal(started.pid, columns, rows);
    },
    exit: started.exit.then(({ code, signal }) => ({ code, ...(signal ? { message: `command terminated by ${signal}` } : {}) })),
    kill: () => started.killGroup(),
  };
}

async function resizeTerminal(scriptPid: number, columns: number, rows: number): Promise<void> {
  try {
    const children = (await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, 'utf8')).trim().split(/\s+/);
    for (const child of children) {
      const terminal = await readlink(`/proc/${child}/fd/0`).catch(() => '');
      if (!terminal.startsWith('/dev/pts/')) continue;
      const stty = spawn('stty', ['-F', terminal, 'cols', String(Math.trunc(columns)), 'rows', String(Math.trunc(rows))], {
        stdio: 'ignore',
      });
      stty.on('error', () => {});
    }
  } catch {
    // The command has ended.
  }
}
