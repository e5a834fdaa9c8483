import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GitReader } from '../contract.ts';
import type { ApplicationSource } from '../model/index.ts';
import { Renderer } from '../render/index.ts';
import { Sources } from './index.ts';

const source: ApplicationSource = { repoURL: 'http://git/demo.git', path: 'apps/web', targetRevision: 'main' };
const manifest = (name: string) => Buffer.from(`apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`);

describe('Sources', () => {
  let folder: string;
  let renderer: Renderer;
  let reads: string[];
  /** Commit → files. */
  const commits: Record<string, Record<string, Buffer>> = {
    one: { 'apps/web/a.yaml': manifest('one'), 'README.md': Buffer.from('1') },
    two: { 'apps/web/a.yaml': manifest('one'), 'README.md': Buffer.from('2') },
    three: { 'apps/web/a.yaml': manifest('three'), 'README.md': Buffer.from('2') },
  };
  const below = (sha: string, path: string) =>
    new Map(Object.entries(commits[sha] ?? {}).filter(([name]) => name.startsWith(path)));
  const git: GitReader = {
    resolve: async (_repository, revision) => ({ main: 'one', old: 'two' })[revision],
    readTree: async (_repository, sha, path) => {
      reads.push(`${sha} ${path}`);
      return below(sha, path);
    },
    treeHash: async (_repository, sha, path) =>
      [...below(sha, path)].map(([name, content]) => name + content.toString()).join() || undefined,
    log: async () => [],
    changedPaths: async (_repository, before, after) =>
      Object.keys(commits[after] ?? {}).filter(
        name => !commits[before]?.[name]?.equals(commits[after]?.[name] ?? Buffer.alloc(0)),
      ),
  };
  const open = () =>
    new Sources({ git, renderer, resolveRepository: url => (url === source.repoURL ? 'demo' : undefined), cacheDir: folder });
  const nameAt = async (sources: Sources, sha: string) => (await sources.render(source, sha)).objects[0]?.metadata.name;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daruma-sources-'));
    renderer = new Renderer({ cacheDir: folder });
    reads = [];
  });

  afterEach(async () => {
    await renderer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('renders a content once, whichever commit holds it', async () => {
    const sources = open();
    expect(await nameAt(sources, 'one')).toBe('one');
    expect(await nameAt(sources, 'two')).toBe('one');
    expect(reads).toEqual(['one apps/web']);
    expect(await nameAt(sources, 'three')).toBe('three');
    expect(await nameAt(sources, 'one')).toBe('one');
    expect(reads).toEqual(['one apps/web', 'three apps/web']);
    await sources.idle();
  });

  it('finds the newest render again after a restart, unless the file is damaged', async () => {
    const first = open();
    await first.render(source, 'three');
    await first.idle();
    reads = [];
    expect(await nameAt(open(), 'three')).toBe('three');
    expect(reads).toEqual([]);
    const [file = ''] = await readdir(join(folder, 'renders'));
    await writeFile(join(folder, 'renders', file), '{"source":');
    const last = open();
    expect(await nameAt(last, 'three')).toBe('three');
    expect(reads).toEqual(['three apps/web']);
    await last.idle();
  });

  it('names a repository and a revision that are not there, without credentials', async () => {
    const sources = open();
    expect(() => sources.repository({ ...source, repoURL: 'https://me:secret@elsewhere/x.git' })).toThrow(
      'https://elsewhere/x.git is not a repository',
    );
    await expect(sources.resolve(source, 'none')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('none'),
    });
  });

  it('takes a pushed branch at once and finds whom it concerns', async () => {
    const sources = open();
    expect(await sources.resolve(source)).toBe('one');
    const push = { repository: 'demo', ref: 'refs/heads/main', before: 'one', after: 'two', actor: 'ann' };
    sources.watch({ name: 'web', source } as never, ['apps/web']);
    expect(await sources.affectedBy(push)).toEqual([]);
    expect(await sources.resolve(source)).toBe('two');
    expect(await sources.affectedBy({ ...push, before: 'two', after: 'three' })).toEqual(['web']);
  });
});
