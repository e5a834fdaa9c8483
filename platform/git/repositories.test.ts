import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from './git-command.ts';
import { type FileChange, type MovedRef, Repositories } from './index.ts';

const author = { name: 'Bot', email: 'bot@example.org', date: new Date('2026-01-02T03:04:05Z') };

let folder: string;
let repositories: Repositories;
let moves: MovedRef[];
let first: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-repositories-'));
  moves = [];
  repositories = new Repositories(folder, { moved: move => moves.push(move) });
  const seed = new Map([
    ['README.md', 'hello\n'],
    ['apps/demo/base/a.yaml', 'a: 1\n'],
    ['apps/demo/overlays/dev/k.yaml', 'k: 1\n'],
  ]);
  const run = { content: '#!/bin/sh\n', executable: true };
  first = (await repositories.create('app', { seed: new Map<string, FileChange>([...seed, ['bin/run', run]]), author })) ?? '';
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const commit = (changes: Map<string, string | null>, message = 'Change', branch = 'main') =>
  repositories.commitFiles({ repository: 'app', branch, changes, author, message });

const text = async (path: string, revision = 'main') =>
  (await repositories.readFile('app', await repositories.resolve('app', revision), path))?.toString();

describe('Repositories', () => {
  it('seeds a repository whose first commit is the same wherever it is made, and that git finds sound', async () => {
    expect(await repositories.list()).toEqual(['app']);
    await git(repositories.path('app'), 'fsck', '--strict');
    const again = new Repositories(join(folder, 'other'));
    const seed = new Map((await repositories.readTree('app', first)).entries());
    seed.delete('bin/run');
    const changed = new Map<string, FileChange>([...seed, ['bin/run', { content: '#!/bin/sh\n', executable: true }]]);
    expect(await again.create('app', { seed: changed, author })).toBe(first);
    await expect(repositories.create('app')).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(moves).toEqual([]);
  });

  it('reads files and folders of a commit, and says by a hash whether a folder changed', async () => {
    const tree = await repositories.readTree('app', first, 'apps/demo');
    expect([...tree].map(([path, content]) => [path, content.toString()])).toEqual([
      ['base/a.yaml', 'a: 1\n'],
      ['overlays/dev/k.yaml', 'k: 1\n'],
    ]);
    expect(await text('README.md')).toBe('hello\n');
    expect(await text('apps')).toBeUndefined();
    expect(await text('none/at/all')).toBeUndefined();
    await expect(repositories.readTree('app', first, 'apps/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const { sha } = await commit(new Map([['apps/demo/base/a.yaml', 'a: 2\n']]));
    const hash = (at: string, path?: string) => repositories.treeHash('app', at, path);
    expect(await hash(sha, 'apps/demo/overlays')).toBe(await hash(first, 'apps/demo/overlays'));
    expect(await hash(sha, 'apps')).not.toBe(await hash(first, 'apps'));
    expect(await hash(sha)).not.toBe(await hash(first));
    expect(await hash(sha, 'nowhere')).toBeUndefined();
  });

  it('commits changes and removals, keeps modes, and makes no empty commit', async () => {
    const result = await commit(
      new Map([
        ['README.md', null],
        ['apps/demo/overlays/dev/k.yaml', null],
        ['bin/run', 'x'],
        ['new/b', 'b'],
      ]),
    );
    expect(result).toMatchObject({ parent: first, changed: true });
    expect([...(await repositories.readTree('app', result.sha)).keys()]).toEqual(['apps/demo/base/a.yaml', 'bin/run', 'new/b']);
    expect(await git(repositories.path('app'), 'ls-tree', result.sha, 'bin/run')).toMatch(/^100755/);
    await git(repositories.path('app'), 'fsck', '--strict');
    expect(moves).toEqual([
      { repository: 'app', ref: 'refs/heads/main', before: first, after: result.sha, user: 'Bot', forced: false },
    ]);
    expect(await commit(new Map([['new/b', 'b']]))).toEqual({ sha: result.sha, parent: result.sha, changed: false });
    expect(moves).toHaveLength(1);
    for (const path of ['../x', '/x', 'a//b', '.git/config', 'a/.GIT/x', '']) {
      await expect(commit(new Map([[path, 'x']]))).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
  });

  it('commits again on a branch that moved meanwhile, unless a parent was expected', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, (_, index) => commit(new Map([[`f${index}`, 'x']]), `Add ${index}`)));
    expect(new Set(all.map(result => result.sha)).size).toBe(5);
    expect(await repositories.countBetween('app', { from: 'main' })).toBe(6);
    const stale = {
      repository: 'app',
      branch: 'main',
      changes: new Map([['y', 'y']]),
      author,
      message: 'Late',
      expectedParent: first,
    };
    await expect(repositories.commitFiles(stale)).rejects.toMatchObject({ code: 'CONFLICT' });
    let asked = 0;
    const result = await repositories.commitFiles({
      ...{ repository: 'app', branch: 'main', author, message: 'Computed' },
      changes: async parent => {
        if (asked++ === 0) await commit(new Map([['between', 'x']]));
        return new Map([['computed', `on ${parent}`]]);
      },
    });
    expect(asked).toBe(2);
    expect(await text('computed')).toBe(`on ${result.parent}`);
    expect(await text('between')).toBe('x');
  });

  it('resolves branches, tags, versions and commits, and nothing else', async () => {
    const path = repositories.path('app');
    const { sha: second } = await commit(new Map([['a', 'a']]));
    const { sha: third } = await commit(new Map([['b', 'b']]), 'Third', 'topic/x');
    await git(path, 'tag', 'v1.2.0', first);
    await git(path, '-c', 'user.name=x', '-c', 'user.email=x@x', 'tag', '-a', 'v1.10.0', '-m', 'ten', second);
    await git(path, 'tag', 'v2.0.0-rc.1', third);
    const cases: [string, string][] = [
      ['main', second],
      ['topic/x', third],
      ['HEAD', second],
      ['refs/heads/main', second],
      ['v1.2.0', first],
      ['v1.10.0', second],
      ['1.x', second],
      ['~1.2', first],
      ['>=2.0.0-0', third],
      [first, first],
      [first.slice(0, 8), first],
    ];
    for (const [revision, sha] of cases) expect([revision, await repositories.resolve('app', revision)]).toEqual([revision, sha]);
    await git(path, 'pack-refs', '--all');
    await git(path, 'repack', '-adq');
    for (const [revision, sha] of cases) expect([revision, await repositories.resolve('app', revision)]).toEqual([revision, sha]);
    expect(await text('b', 'topic/x')).toBe('b');
    for (const wrong of ['none', '3.x', 'f'.repeat(40), '', '--all', 'main..topic/x', '../HEAD', 'main\n', 'refs/../config']) {
      await expect(repositories.resolve('app', wrong)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await expect(repositories.resolve('none', 'main')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(repositories.resolve('../app', 'main')).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('walks the history by range and path', async () => {
    const { sha: second } = await commit(new Map([['apps/demo/base/a.yaml', 'a: 2']]), 'Set a\n\nBecause.');
    const { sha: third } = await commit(new Map([['README.md', 'x']]), 'Read me');
    const log = await repositories.log('app', { from: third });
    expect(log.map(entry => entry.subject)).toEqual(['Read me', 'Set a', 'Start app']);
    expect(log[1]).toMatchObject({
      ...{ sha: second, body: 'Because.', author: 'Bot <bot@example.org>', parents: [first] },
      date: expect.stringContaining('2026-01-02T03:04:05'),
    });
    const touching = await repositories.log('app', { from: third, to: first, path: 'apps/demo' });
    expect(touching.map(entry => entry.sha)).toEqual([second]);
    expect(await repositories.countBetween('app', { from: third, to: first, path: 'apps/demo' })).toBe(1);
    expect(await repositories.countBetween('app', { from: third, to: first })).toBe(2);
    expect(await repositories.isAncestor('app', first, third)).toBe(true);
    expect(await repositories.isAncestor('app', third, first)).toBe(false);
    await expect(repositories.log('app', { from: '--output=/tmp/x' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('keeps deployments as refs with a message, in the order of their numbers', async () => {
    for (const n of [1, 2, 10]) {
      const at = new Date(Date.UTC(2026, 0, n));
      const ref = `refs/daruma/deployed/demo-dev/${n}`;
      await repositories.writeRef('app', {
        ref,
        target: first,
        message: JSON.stringify({ n, text: 'two\nlines' }),
        by: 'alice',
        at,
      });
    }
    const refs = await repositories.readRefs('app', 'refs/daruma/deployed/demo-dev/');
    expect(refs.map(({ ref }) => ref.split('/').at(-1))).toEqual(['1', '2', '10']);
    expect(refs[2]).toMatchObject({ target: first, by: 'alice', at: new Date(Date.UTC(2026, 0, 10)) });
    expect(JSON.parse(refs[2]?.message ?? '')).toEqual({ n: 10, text: 'two\nlines' });
    const again = { ref: 'refs/daruma/deployed/demo-dev/2', target: first, message: 'x', by: 'bob', at: new Date() };
    await expect(repositories.writeRef('app', again)).rejects.toMatchObject({ code: 'CONFLICT' });
    await repositories.deleteRef('app', refs[0]?.ref ?? '', refs[0]?.object ?? '');
    expect(await repositories.readRefs('app', 'refs/daruma/')).toHaveLength(2);
    await git(repositories.path('app'), 'fsck', '--strict');
  });

  it('keeps branch protection with the repository', async () => {
    await repositories.protect('app', 'main', { roles: ['lead', 'bot'] });
    await repositories.protect('app', 'release/1.0', { roles: [] });
    expect(await new Repositories(folder).protections('app')).toEqual([
      { branch: 'main', roles: ['lead', 'bot'] },
      { branch: 'release/1.0', roles: [] },
    ]);
    await repositories.unprotect('app', 'main');
    expect(await repositories.protections('app')).toEqual([{ branch: 'release/1.0', roles: [] }]);
    expect(await readdir(folder)).toEqual(['app.git']);
  });
});
