import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/index.ts';
import { type GitServer, type GitServerOptions, type PushEvent, startGitServer } from './index.ts';

const run = promisify(execFile);
const people: Record<string, { role: string; password: string }> = {
  alice: { role: 'lead', password: 'alice-s3cret' },
  dan: { role: 'developer', password: 'dan-s3cret' },
  eve: { role: 'guest', password: 'eve-s3cret' },
};

let folder: string;
let server: GitServer;
let pushes: PushEvent[];
let log: string[];
let onPush: GitServerOptions['onPush'];

async function start(): Promise<GitServer> {
  return startGitServer({
    directory: join(folder, 'git'),
    port: 0,
    users: {
      authenticate: async (user, password) =>
        people[user]?.password === password ? { user, role: people[user].role } : undefined,
    },
    policy: {
      mayPush: ({ role, ref }) => ({ allowed: role === 'lead' || !ref.endsWith('/locked'), message: `${ref} is locked` }),
      mayRead: ({ role }) => role !== 'guest',
    },
    onPush: push => onPush(push),
    logger: createLogger(line => log.push(line), { level: 'debug' }),
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-git-'));
  pushes = [];
  log = [];
  onPush = async push => {
    pushes.push(push);
    return [`pipeline 1 started for ${push.after.slice(0, 7)}`, 'watch it with: daruma status --watch'];
  };
  server = await start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function urlFor(user: string, repository = 'app'): string {
  return `http://${user}:${people[user]?.password}@127.0.0.1:${server.port}/${repository}.git`;
}

async function git(cwd: string, ...args: string[]): Promise<{ code: number; output: string }> {
  const identity = ['-c', 'user.name=Alice', '-c', 'user.email=alice@example.org', '-c', 'commit.gpgsign=false'];
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' };
  try {
    const { stdout, stderr } = await run('git', [...identity, ...args], { cwd, env, maxBuffer: 1e8 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

async function cloneOf(user: string, repository = 'app'): Promise<string> {
  const target = join(folder, `clone-${randomBytes(4).toString('hex')}`);
  expect(await git(folder, 'clone', '-q', urlFor(user, repository), target)).toMatchObject({ code: 0 });
  return target;
}

async function commit(clone: string, file: string, content: string | Buffer, message = `Change ${file}`): Promise<string> {
  await writeFile(join(clone, file), content);
  await git(clone, 'add', '-A');
  expect(await git(clone, 'commit', '-q', '-m', message)).toMatchObject({ code: 0 });
  return (await git(clone, 'rev-parse', 'HEAD')).output.trim();
}

interface RawAnswer {
  status: number;
  body: string;
  headers: Record<string, unknown>;
}

function raw(
  method: string,
  path: string,
  { auth, headers = {}, body }: { auth?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, method, path, auth, headers }, response => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1'), headers: response.headers }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('pushing and fetching with the plain git client', () => {
  beforeEach(() => server.repositories.create('app', { seed: new Map([['README.md', 'hello\n']]) }));

  it('serves a clone, takes a push and shows what followed from it', async () => {
    const clone = await cloneOf('dan');
    expect(await readFile(join(clone, 'README.md'), 'utf8')).toBe('hello\n');
    const before = await server.repositories.resolve('app', 'main');
    const sha = await commit(clone, 'a.txt', 'a', 'Add a');
    const pushed = await git(clone, 'push', 'origin', 'main');
    expect(pushed).toMatchObject({ code: 0 });
    expect(pushed.output).toContain(`remote: pipeline 1 started for ${sha.slice(0, 7)}`);
    expect(pushed.output).toContain('remote: watch it with: daruma status --watch');
    const commits = [{ sha, subject: 'Add a', author: 'Alice <alice@example.org>' }];
    expect(pushes).toEqual([
      { repository: 'app', ref: 'refs/heads/main', before, after: sha, forced: false, user: 'dan', commits },
    ]);
    expect(await server.repositories.resolve('app', 'main')).toBe(sha);
  });

  it('takes several branches and tags at once, says what was forced and what was deleted', async () => {
    const clone = await cloneOf('alice');
    const first = await commit(clone, 'a.txt', 'a');
    await git(clone, 'tag', '-a', 'v1.0.0', '-m', 'one');
    expect(await git(clone, 'push', 'origin', 'main', 'main:topic', 'v1.0.0')).toMatchObject({ code: 0 });
    expect(pushes.map(({ ref, forced }) => ({ ref, forced })).sort((a, b) => (a.ref < b.ref ? -1 : 1))).toEqual([
      { ref: 'refs/heads/main', forced: false },
      { ref: 'refs/heads/topic', forced: false },
      { ref: 'refs/tags/v1.0.0', forced: false },
    ]);
    await git(clone, 'reset', '-q', '--hard', 'HEAD~1');
    const second = await commit(clone, 'b.txt', 'b');
    expect(await git(clone, 'push', '--force', 'origin', 'main:topic')).toMatchObject({ code: 0 });
    expect(pushes.at(-1)).toMatchObject({ ref: 'refs/heads/topic', before: first, after: second, forced: true });
    expect(await git(clone, 'push', 'origin', ':topic')).toMatchObject({ code: 0 });
    expect(pushes.at(-1)).toMatchObject({ ref: 'refs/heads/topic', after: '0'.repeat(40), commits: [] });
  });

  it('refuses by policy and protection, with the reason in the output, and changes nothing', async () => {
    const clone = await cloneOf('dan');
    const before = await server.repositories.resolve('app', 'main');
    await commit(clone, 'a.txt', 'a');
    const locked = await git(clone, 'push', 'origin', 'main:locked');
    expect(locked.code).not.toBe(0);
    expect(locked.output).toContain('remote: refused: refs/heads/locked is locked');
    await server.repositories.protect('app', 'main', { roles: ['lead'] });
    const guarded = await git(clone, 'push', 'origin', 'main');
    expect(guarded.output).toContain('remote: refused: main is protected: only lead may push to it');
    expect((await git(clone, 'push', urlFor('alice'), 'main')).code).toBe(0);
    await git(clone, 'commit', '-q', '--amend', '-m', 'other');
    expect((await git(clone, 'push', '--force', urlFor('alice'), 'main')).output).toContain('its history cannot be replaced');
    expect((await git(clone, 'push', urlFor('alice'), ':main')).output).toContain('it cannot be deleted');
    await server.repositories.unprotect('app', 'main');
    expect((await git(clone, 'push', '--force', 'origin', 'main')).code).toBe(0);
    const own = await git(clone, 'push', 'origin', 'main:refs/daruma/deployed/x/1');
    expect(own.output).toContain('is kept by daruma itself');
    expect(before).not.toBe(await server.repositories.resolve('app', 'main'));
    expect(pushes.map(push => push.ref)).toEqual(['refs/heads/main', 'refs/heads/main']);
  });

  it('takes refs outside heads and tags, which node-git-server would wait for ever on', async () => {
    const clone = await cloneOf('dan');
    await git(clone, 'notes', 'add', '-m', 'reviewed');
    expect(await git(clone, 'push', 'origin', 'refs/notes/commits')).toMatchObject({ code: 0 });
    expect((await server.repositories.refs('app', 'refs/notes/')).size).toBe(1);
    expect(pushes).toEqual([]);
  });

  it('takes a pack of 30 MB in chunks and gives it back whole', { timeout: 180_000 }, async () => {
    const clone = await cloneOf('dan');
    const content = randomBytes(30 << 20);
    await git(clone, 'config', 'core.compression', '0');
    await commit(clone, 'large.bin', content);
    expect(await git(clone, 'push', '-q', 'origin', 'main')).toMatchObject({ code: 0 });
    const again = await cloneOf('alice');
    expect((await readFile(join(again, 'large.bin'))).equals(content)).toBe(true);
  });

  it('serves clients of every protocol version, and shallow and partial clones', async () => {
    for (const args of [
      ['-c', 'protocol.version=0'],
      ['-c', 'protocol.version=1'],
      ['-c', 'protocol.version=2'],
    ]) {
      const target = join(folder, `clone-${args[1]}`);
      expect(await git(folder, ...args, 'clone', '-q', urlFor('alice'), target)).toMatchObject({ code: 0 });
      expect(await readFile(join(target, 'README.md'), 'utf8')).toBe('hello\n');
    }
    expect(await git(folder, 'clone', '-q', '--depth=1', urlFor('alice'), join(folder, 'shallow'))).toMatchObject({ code: 0 });
    expect(await git(folder, 'clone', '-q', '--filter=blob:none', urlFor('alice'), join(folder, 'partial'))).toMatchObject({
      code: 0,
    });
  });

  it('keeps a push when what follows from it fails, and says so', async () => {
    onPush = () => Promise.reject(new Error('no workflow'));
    const clone = await cloneOf('dan');
    const sha = await commit(clone, 'a.txt', 'a');
    const pushed = await git(clone, 'push', 'origin', 'main');
    expect(pushed).toMatchObject({ code: 0 });
    expect(pushed.output).toContain('remote: the push is stored, but what follows from it failed: no workflow');
    expect(await server.repositories.resolve('app', 'main')).toBe(sha);
  });

  it('lets many people push at once beside the bot, and announces each move in order', async () => {
    const clones = await Promise.all(['dan', 'alice', 'dan'].map(user => cloneOf(user)));
    await Promise.all(
      clones.map(async (clone, index) => {
        await commit(clone, `${index}.txt`, 'x');
        expect(await git(clone, 'push', '-q', 'origin', `main:topic-${index}`)).toMatchObject({ code: 0 });
      }),
    );
    const author = { name: 'bot', email: 'bot@example.org' };
    await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        server.repositories.commitFiles({
          ...{ repository: 'app', branch: 'main', author, message: `Bump ${index}` },
          changes: new Map([[`bump-${index}`, `${index}`]]),
        }),
      ),
    );
    await expect.poll(() => pushes.filter(push => push.user === 'bot').length, { timeout: 20_000 }).toBe(4);
    const bumps = pushes.filter(push => push.ref === 'refs/heads/main');
    expect(await server.repositories.countBetween('app', { from: 'main', path: 'bump-0' })).toBe(1);
    expect(await server.repositories.countBetween('app', { from: 'main' })).toBe(5);
    expect(new Set(bumps.map(push => push.after)).size).toBe(4);
    expect(pushes).toHaveLength(7);
  });

  it('announces after a restart what a kill had lost, with who pushed it', async () => {
    const clone = await cloneOf('dan');
    const sha = await commit(clone, 'a.txt', 'a');
    let reached = false;
    let letGo = (_lines: string[]): void => {};
    onPush = () => {
      reached = true;
      return new Promise(resolve => (letGo = resolve));
    };
    const pushing = git(clone, 'push', 'origin', 'main');
    await expect.poll(() => reached, { timeout: 20_000 }).toBe(true);
    // What a kill leaves: refs moved, hooks waiting, nothing announced. A second server on the folder stands for the restart.
    const killed = server;
    onPush = async push => {
      pushes.push(push);
      return [];
    };
    server = await start();
    expect(await server.announceMissed()).toBe(1);
    expect(pushes).toMatchObject([{ ref: 'refs/heads/main', after: sha, user: 'dan', commits: [{ sha }] }]);
    expect(await server.announceMissed()).toBe(0);
    letGo([]);
    await pushing;
    await killed[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    server = await start();
    expect(await server.announceMissed()).toBe(0);
  });

  it('refuses pushes that come past the server, and leaves nothing behind but the repositories', async () => {
    const clone = await cloneOf('dan');
    await commit(clone, 'a.txt', 'a');
    const direct = await git(clone, 'push', server.repositories.path('app'), 'main');
    expect(direct.code).not.toBe(0);
    expect(direct.output).toContain('push to its HTTP address');
    await server[Symbol.asyncDispose]();
    expect(await readdir(join(folder, 'git'))).toEqual(['.hooks', 'app.git']);
    server = await start();
  });
});

describe('what is refused before git sees it', () => {
  beforeEach(() => server.repositories.create('app', { seed: new Map([['README.md', 'hello\n']]) }));
  const alice = 'alice:alice-s3cret';

  it.each([
    ['GET', '/app.git/info/refs?service=git-upload-pack'],
    ['GET', '/app.git/info/refs?service=git-receive-pack'],
    ['POST', '/app.git/git-receive-pack'],
    ['POST', '/app.git/git-upload-pack'],
    ['GET', '/app.git/HEAD'],
    ['GET', '/'],
    ['DELETE', '/app.git'],
  ])('%s %s needs credentials', async (method, path) => {
    for (const auth of [undefined, 'alice:wrong', ':', 'nobody:alice-s3cret']) {
      const answer = await raw(method, path, { auth, body: method === 'POST' ? '0000' : undefined });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('Basic');
    }
  });

  it.each([
    '/../app.git/info/refs?service=git-upload-pack',
    '/x/../app.git/info/refs?service=git-upload-pack',
    '/%2e%2e/app.git/info/refs?service=git-upload-pack',
    '/..%2fapp.git/info/refs?service=git-upload-pack',
    '/app.git%00/info/refs?service=git-upload-pack',
    '/-u.git/info/refs?service=git-upload-pack',
    '/.hooks/info/refs?service=git-upload-pack',
    '/app.git/info/refs?service=git-upload-archive',
    '/app.git/info/refs',
    '/app.git/HEAD',
    '/app.git/objects/info/packs',
    '/app.git/config',
    '/none.git/info/refs?service=git-upload-pack',
    '//app.git/info/refs?service=git-upload-pack',
  ])('GET %s is not found', async path => {
    expect((await raw('GET', path, { auth: alice })).status).toBe(404);
  });

  it('lets no one read or push without the right, and nobody create by pushing', async () => {
    expect((await raw('GET', '/app.git/info/refs?service=git-upload-pack', { auth: 'eve:eve-s3cret' })).status).toBe(403);
    const headers = { 'content-type': 'application/x-git-receive-pack-request' };
    expect((await raw('POST', '/app.git/git-receive-pack', { auth: 'eve:eve-s3cret', headers, body: '0000' })).status).toBe(403);
    expect((await raw('POST', '/new.git/git-receive-pack', { auth: alice, headers, body: '0000' })).status).toBe(404);
    expect(await server.repositories.list()).toEqual(['app']);
  });

  it('answers broken, hostile and gzipped bodies, and serves on', async () => {
    const headers = { 'content-type': 'application/x-git-receive-pack-request' };
    const post = (body: Buffer | string, more: Record<string, string> = {}) =>
      raw('POST', '/app.git/git-receive-pack', { auth: alice, headers: { ...headers, ...more }, body });
    expect((await post('0000')).status).toBe(200);
    expect((await post(gzipSync('0000'), { 'content-encoding': 'gzip' })).status).toBe(200);
    expect((await post('not gzip at all', { 'content-encoding': 'gzip' })).status).toBe(400);
    await post('a'.repeat(200_000));
    await post(`ffff${'0'.repeat(40)} `);
    const sha = await server.repositories.resolve('app', 'main');
    const command = `${'0'.repeat(40)} ${sha} refs/heads/$(touch ${folder}/owned)\0report-status`;
    await post(`${(command.length + 4).toString(16).padStart(4, '0')}${command}0000`);
    expect(await readdir(folder)).toEqual(['git']);
    expect((await raw('GET', '/app.git/info/refs?service=git-upload-pack', { auth: alice })).body).toContain(sha);
  });

  it('writes no password into its log', async () => {
    const clone = await cloneOf('dan');
    await commit(clone, 'a.txt', 'a');
    await git(clone, 'push', 'origin', 'main:locked');
    expect(log.join('\n')).not.toMatch(/s3cret/);
  });
});
