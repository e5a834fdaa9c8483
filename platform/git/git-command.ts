// Runs the installed git for what it alone decides: moving refs, walking history, reading and writing its configuration.
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { DarumaError } from '../core/index.ts';

const OLDEST: [number, number] = [2, 25];
const INSTALL_HINT = 'install git 2.25 or newer (Debian, Ubuntu: apt install git; macOS: xcode-select --install), then try again';

export interface GitResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** The environment of every git that we start: no user or system configuration, no prompts, stable English messages. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  return { ...inherited, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
}

/** Runs git and answers whatever its exit code is. @throws GIT_MISSING when there is no git. */
export function tryGit(args: string[], { cwd, input }: { cwd?: string; input?: string } = {}): Promise<GitResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, env: gitEnvironment(), stdio: ['pipe', 'pipe', 'pipe'] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.on('error', () => {});
    child.on('error', (cause: NodeJS.ErrnoException) => {
      const missing = cause.code === 'ENOENT' && cwd === undefined;
      reject(missing ? new DarumaError('GIT_MISSING', 'git was not found', { hint: INSTALL_HINT, cause }) : cause);
    });
    child.on('close', code =>
      resolve({
        code: code ?? 1,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8').trim(),
      }),
    );
    child.stdin.end(input ?? '');
  });
}

/** The output of a git that must succeed. @throws Error with git's own message. */
export async function git(repositoryPath: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryGit(['--git-dir', repositoryPath, ...args]);
  if (code !== 0) throw new Error(`git ${args[0]} failed: ${stderr}`);
  return stdout;
}

async function onPath(program: string): Promise<boolean> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

/** The version of the installed git. @throws GIT_MISSING when it is absent, older than 2.25 or cannot serve. */
export async function checkGit(): Promise<string> {
  const { stdout } = await tryGit(['--version']);
  const version = /(\d+)\.(\d+)[\w.]*/.exec(stdout);
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (!version || major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new DarumaError('GIT_MISSING', `git ${version?.[0] ?? '(unknown version)'} is too old: 2.25 is the oldest that works`, {
      hint: INSTALL_HINT,
    });
  }
  if (!(await onPath('git-receive-pack'))) {
    throw new DarumaError('GIT_MISSING', 'git is here, but its git-receive-pack is not in a folder of PATH', {
      hint: 'add the folder that `git --exec-path` prints to PATH, then try again',
    });
  }
  return version[0];
}
