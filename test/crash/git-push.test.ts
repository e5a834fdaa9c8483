// Kills the git server in the middle of a push, before and after the refs moved: nothing half done stays, nothing is lost.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Repositories } from '../../platform/git/index.ts';

const run = promisify(execFile);
const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0' };
let folder: string;
let program: string;
let children: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-crash-'));
  children = [];
  // Beside node_modules, where its packages are found.
  program = join(import.meta.dirname, '..', '..', 'node_modules', `.git-push-process-${process.pid}.mjs`);
  const entry = join(import.meta.dirname, 'git-push-process.ts');
  const shape = { bundle: true, format: 'esm', platform: 'node', target: 'node20.19', packages: 'external' } as const;
  await build({ entryPoints: [entry], outfile: program, ...shape, logLevel: 'warning' });
});

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
  await rm(program, { force: true });
});

/** Starts the server and answers what it says, line by line, up to the one that begins with `word`. */
async function start(stuckAt: string) {
  const child = spawn(process.execPath, [program, stuckAt, join(folder, 'git')], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const until = async (word: string): Promise<string[]> => {
    await expect.poll(() => said.includes(`${word}`), { timeout: 30_000 }).toBe(true);
    return said.trim().split('\n');
  };
  const port = (await until('port ')).at(-1)?.split(' ')[1] ?? '';
  return { child, port, until, lines: said.trim().split('\n') };
}

async function gitProcesses(): Promise<string[]> {
  const { stdout } = await run('ps', ['-eo', 'args']);
  return stdout.split('\n').filter(line => line.includes(join(folder, 'git')) && /receive-pack|-receive/.test(line));
}

describe.each(['pre-receive', 'post-receive'])('a kill during %s', stage => {
  it('leaves no process, and loses no push that was stored', { timeout: 120_000 }, async () => {
    const first = await start(stage);
    const clone = join(folder, 'clone');
    await run('git', ['clone', '-q', `http://dan:x@127.0.0.1:${first.port}/app.git`, clone], { env });
    await writeFile(join(clone, 'b'), 'b');
    await run('git', ['-C', clone, 'add', '-A'], { env });
    await run('git', ['-C', clone, '-c', 'user.name=Dan', '-c', 'user.email=dan@example.org', 'commit', '-qm', 'Add b'], { env });
    const { stdout } = await run('git', ['-C', clone, 'rev-parse', 'HEAD'], { env });
    const before = await new Repositories(join(folder, 'git')).resolve('app', 'main');
    const pushing = run('git', ['-C', clone, 'push', 'origin', 'HEAD:main'], { env }).catch(() => 'failed');
    await first.until('stuck');
    first.child.kill('SIGKILL');
    expect(await pushing).toBe('failed');
    await expect.poll(gitProcesses, { timeout: 30_000 }).toEqual([]);

    const moved = stage === 'post-receive';
    const tip = await new Repositories(join(folder, 'git')).resolve('app', 'main');
    expect(tip).toBe(moved ? stdout.trim() : before);
    const again = await start('nowhere');
    expect(again.lines.slice(0, -1)).toEqual(moved ? [`push dan refs/heads/main ${tip}`, 'missed 1'] : ['missed 0']);
    const ended = new Promise(resolve => again.child.once('exit', resolve));
    again.child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
