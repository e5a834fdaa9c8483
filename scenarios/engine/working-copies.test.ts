import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../platform/core/index.ts';
import { type GitServer, startGitServer } from '../../platform/git/index.ts';
import { actions } from './actions/index.ts';
import type { ScenarioContext } from './context.ts';
import { GitWorkingCopies } from './working-copies.ts';

const TOKEN = 'secret-token';
const signal = AbortSignal.timeout(50_000);
let folder: string;
let server: GitServer;
let copies: GitWorkingCopies;
let context: ScenarioContext;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-copies-'));
  server = await startGitServer({
    directory: join(folder, 'git'),
    host: '127.0.0.1',
    port: 0,
    users: { authenticate: async (user, password) => (password === TOKEN ? { user, role: 'lead' } : undefined) },
    policy: { mayPush: () => ({ allowed: true }), mayRead: () => true },
    onPush: async () => [],
    logger: silentLogger,
  });
  for (const name of ['demo-app', 'demo-gitops']) {
    await server.repositories.create(name, { seed: new Map([['package.json', '{\n  "version": "1.0.0"\n}\n']]) });
  }
  copies = new GitWorkingCopies({ folder: join(folder, 'work'), url: server.url, user: 'lead', token: TOKEN });
  context = { git: copies } as unknown as ScenarioContext;
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const botCommits = (text: string) =>
  server.repositories.commitFiles({
    repository: 'demo-app',
    branch: 'main',
    author: { name: 'bot', email: 'bot@x' },
    user: 'bot',
    message: 'bot',
    changes: new Map([['bot.txt', text]]),
  });

test('clones, keeps the token out of sight and follows the server', async () => {
  await copies.prepare({ signal });
  const config = await readFile(join(copies.folder('demo-app'), '.git', 'config'), 'utf8');
  expect(config).not.toContain(TOKEN);
  expect((await stat(join(folder, 'work', '.git-credentials'))).mode & 0o777).toBe(0o600);
  expect(await copies.remoteHead('demo-app', { signal })).toBe(await server.repositories.resolve('demo-app', 'main'));
  const { sha } = await botCommits('1');
  expect(await copies.remoteHead('demo-app', { signal })).toBe(sha);
  expect(await copies.remoteFile('demo-app', sha, 'bot.txt', { signal })).toBe('1');
  expect(await copies.remoteFile('demo-app', sha, 'nothing', { signal })).toBeUndefined();
});

test('preparing again keeps what the learner had, aside', async () => {
  await copies.prepare({ signal });
  const git = (...args: string[]) => copies.git('demo-app', args, { signal });
  await git('commit', '--quiet', '--allow-empty', '--message', 'mine');
  const mine = await git('rev-parse', 'HEAD');
  await writeFile(join(copies.folder('demo-app'), 'draft.txt'), 'draft');
  await copies.prepare({ signal });
  expect(await git('status', '--porcelain')).toBe('');
  expect(await git('stash', 'list')).toContain('before the scenario');
  expect(await git('rev-parse', `before-scenario-${mine.slice(0, 7)}`)).toBe(mine);
  expect(await git('rev-parse', 'HEAD')).toBe(await copies.remoteHead('demo-app', { signal }));
});

test('releases, changes and reverts go on top of what the bot has pushed', async () => {
  await copies.prepare({ signal });
  await botCommits('1');
  await actions['release']?.({ repository: 'demo-app' }, { context, signal });
  const released = await copies.remoteHead('demo-app', { signal });
  expect(await copies.remoteFile('demo-app', released, 'package.json', { signal })).toContain('"version": "1.1.0"');
  expect(await copies.remoteFile('demo-app', released, 'bot.txt', { signal })).toBe('1');
  await actions['revert']?.({ repository: 'demo-app' }, { context, signal });
  const reverted = await copies.remoteHead('demo-app', { signal });
  expect(await copies.remoteFile('demo-app', reverted, 'package.json', { signal })).toContain('"version": "1.0.0"');
  const again = { repository: 'demo-app', message: 'm', edits: [{ file: 'package.json', find: 'gone', replace: 'x' }] };
  await expect(actions['change']?.(again, { context, signal })).rejects.toMatchObject({ code: 'CHECK_FAILED' });
});

test('what git says comes through without the token', async () => {
  await copies.prepare({ signal });
  await expect(copies.git('demo-app', ['checkout', `no-${TOKEN}`], { signal })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.not.stringContaining(TOKEN),
  });
});
