// Runs a program in a pseudo-terminal and shows what a person would see: util-linux `script` gives the terminal, xterm the screen.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import xterm from '@xterm/headless';

type Screen = InstanceType<typeof xterm.Terminal>;

const DEADLINE_MS = 60_000;
const LOOK_MS = 25;

/** Whether this machine has the `script` program of util-linux. */
export function hasPseudoTerminal(): boolean {
  try {
    return execFileSync('script', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).includes(
      'util-linux',
    );
  } catch {
    return false;
  }
}

export interface PseudoTerminalOptions {
  command: string[];
  columns: number;
  rows: number;
  env?: Record<string, string>;
}

export class PseudoTerminal implements AsyncDisposable {
  /** Everything that was written to the terminal. */
  output = '';
  readonly screen: Screen;
  readonly #folder: string;
  readonly #child: ChildProcess;
  #ended = false;

  private constructor({ folder, child, screen }: { folder: string; child: ChildProcess; screen: Screen }) {
    this.#folder = folder;
    this.#child = child;
    this.screen = screen;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.output += text;
      screen.write(text);
    });
    child.once('close', () => {
      this.#ended = true;
    });
  }

  /** After the program has ended, the terminal's modes and `ended with CODE` are printed to it. */
  static async start({ command, columns, rows, env = {} }: PseudoTerminalOptions): Promise<PseudoTerminal> {
    const folder = await mkdtemp(join(tmpdir(), 'daruma-terminal-'));
    const inner = `tty >${folder}/tty; echo $$ >${folder}/pid; exec ${command.map(quoted).join(' ')}`;
    const outer = `stty rows ${rows} cols ${columns}; sh -c ${quoted(inner)}; code=$?; stty -a; echo "ended with $code"`;
    const child = spawn('script', ['-qfc', outer, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...inherited(), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
    });
    const screen = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 2_000 });
    return new PseudoTerminal({ folder, child, screen });
  }

  /** The rows as shown now, without blanks at their ends. */
  text(): string {
    const { active } = this.screen.buffer;
    return Array.from({ length: this.screen.rows }, (_, row) =>
      (active.getLine(active.viewportY + row)?.translateToString(true) ?? '').trimEnd(),
    ).join('\n');
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys);
  }

  /** Types letter by letter, as a person does. */
  async typeSlowly(text: string): Promise<void> {
    for (const letter of text) {
      this.type(letter);
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Waits until the screen is as wanted and returns it. @throws with the last screen when it does not come to that in time */
  async shows(wanted: string | RegExp | ((text: string) => boolean), { timeoutMs = DEADLINE_MS } = {}): Promise<string> {
    const holds = (text: string) =>
      typeof wanted === 'string' ? text.includes(wanted) : typeof wanted === 'function' ? wanted(text) : wanted.test(text);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const text = this.text();
      if (holds(text)) return text;
      if (Date.now() > deadline || this.#ended) {
        const why = this.#ended ? 'the program ended' : 'not in time';
        throw new Error(`the screen does not show ${String(wanted)} (${why}); it shows:\n${text}`);
      }
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    const tty = (await readFile(join(this.#folder, 'tty'), 'utf8')).trim();
    this.screen.resize(columns, rows);
    execFileSync('stty', ['-F', tty, 'rows', String(rows), 'cols', String(columns)]);
  }

  /** The process id of the program. */
  async pid(): Promise<number> {
    return Number(await readFile(join(this.#folder, 'pid'), 'utf8'));
  }

  /** Waits for the end of the program and returns its exit code. */
  async ends(): Promise<number> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!this.#ended) {
      if (Date.now() > deadline) throw new Error(`the program has not ended in time; it shows:\n${this.text()}`);
      await new Promise(resolve => setTimeout(resolve, LOOK_MS));
    }
    await new Promise<void>(resolve => this.screen.write('', resolve));
    return Number(/ended with (\d+)/.exec(this.output)?.[1] ?? Number.NaN);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) {
      const closed = new Promise(resolve => this.#child.once('close', resolve));
      try {
        process.kill(await this.pid(), 'SIGKILL');
      } catch {
        this.#child.kill('SIGKILL');
      }
      await closed;
    }
    this.screen.dispose();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Without what tells programs that nobody looks, or how to colour. */
function inherited(): NodeJS.ProcessEnv {
  const not = new Set([
    'CI',
    'NO_COLOR',
    'FORCE_COLOR',
    'COLORTERM',
    'NODE_OPTIONS',
    'VITEST',
    'TEST',
    'NODE_ENV',
    'DARUMA_HOME',
  ]);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !not.has(name)));
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
