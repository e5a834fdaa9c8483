// Where manifests come from: revisions of hosted repositories, rendered once per content of the folders that a source reads.
import { join } from 'node:path';
import { DarumaError } from '../../core/index.ts';
import type { GitCommit, GitReader, PushNotice } from '../contract.ts';
import type { Application, ApplicationSource } from '../model/index.ts';
import type { Rendered, Renderer } from '../render/index.ts';
import { FolderCache } from './folder-cache.ts';
import { PathIndex } from './path-index.ts';
import { RenderStore, type StoredRender } from './render-store.ts';

export interface SourceOptions {
  git: GitReader;
  renderer: Renderer;
  resolveRepository(repoURL: string): string | undefined;
  /** For renders that outlive this process. */
  cacheDir: string;
}

const KEPT_RENDERS = 4;
const NO_COMMIT = /^0+$/;

export class Sources {
  readonly #options: SourceOptions;
  readonly #revisions = new Map<string, Map<string, string>>();
  readonly #renders = new Map<string, StoredRender[]>();
  readonly #index = new PathIndex();
  readonly #files: FolderCache;
  readonly #store: RenderStore;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#files = new FolderCache(options.git);
    this.#store = new RenderStore(join(options.cacheDir, 'renders'));
  }

  /** @throws DarumaError NOT_FOUND naming the URL when it is not a hosted repository */
  repository(source: ApplicationSource): string {
    const repository = this.#options.resolveRepository(source.repoURL);
    if (repository === undefined)
      throw new DarumaError(
        'NOT_FOUND',
        `spec.source.repoURL: ${redactUrl(source.repoURL)} is not a repository of this platform`,
        {
          hint: 'push the repository to daruma’s git server and name its URL there',
        },
      );
    return repository;
  }

  /** The full SHA of the target revision, or of `revision`. @throws DarumaError NOT_FOUND */
  async resolve(source: ApplicationSource, revision = source.targetRevision): Promise<string> {
    const repository = this.repository(source);
    // A push that comes meanwhile replaces the map, so that an older answer is never kept beside it.
    const revisions = remember(this.#revisions, repository);
    const known = revisions.get(revision);
    if (known) return known;
    const sha = await this.#options.git.resolve(repository, revision);
    if (!sha)
      throw new DarumaError('NOT_FOUND', `revision ${revision} of ${repository} does not exist`, {
        hint: 'check spec.source.targetRevision',
      });
    revisions.set(revision, sha);
    return sha;
  }

  /** The source's objects at a commit. Files from `local` stand in for Git's when given, and are not cached. */
  async render(source: ApplicationSource, sha: string, local?: Map<string, Uint8Array>): Promise<Rendered> {
    const { git, renderer } = this.#options;
    const repository = this.repository(source);
    if (local)
      return renderer.render(
        source,
        async path => new Map([...local].filter(([name]) => path === '' || name === path || name.startsWith(`${path}/`))),
      );
    const key = JSON.stringify([repository, source]);
    const kept = this.#renders.get(key) ?? (await this.#stored(key));
    const hashesOf = async (paths: string[]) =>
      (await Promise.all(paths.map(path => git.treeHash(repository, sha, path)))).join(' ');
    const checked = new Map<string, string>();
    for (const candidate of kept) {
      const paths = candidate.rendered.paths;
      const joined = paths.join('\n');
      const hashes = checked.get(joined) ?? (await hashesOf(paths));
      checked.set(joined, hashes);
      if (hashes === candidate.hashes) return candidate.rendered;
    }
    const rendered = await renderer.render(source, path => this.#files.read(repository, sha, path));
    const render = { hashes: await hashesOf(rendered.paths), rendered };
    this.#renders.set(key, [render, ...kept].slice(0, KEPT_RENDERS));
    this.#store.write(key, render);
    return rendered;
  }

  /** Resolves when nothing is being written any more. */
  idle(): Promise<void> {
    return this.#store.idle();
  }

  async #stored(key: string): Promise<StoredRender[]> {
    const stored = await this.#store.read(key);
    const kept = stored ? [stored] : [];
    this.#renders.set(key, kept);
    return kept;
  }

  /** Remembers which folders an application reads, for `affectedBy`. */
  watch(application: Application, paths: string[] | undefined): void {
    this.#index.set(application.name, this.repository(application.source), paths);
  }

  forget(application: string): void {
    this.#index.delete(application);
  }

  /** The applications that a push may change: those that read a folder in which something changed, and those not yet rendered. */
  async affectedBy(push: PushNotice): Promise<string[]> {
    const { repository, before, after } = push;
    const branch = push.ref.replace(/^refs\/(heads|tags)\//, '');
    this.#revisions.delete(repository);
    if (NO_COMMIT.test(after)) return this.#index.all(repository);
    remember(this.#revisions, repository).set(branch, after);
    if (NO_COMMIT.test(before)) return this.#index.all(repository);
    let changed: string[];
    try {
      changed = await this.#options.git.changedPaths(repository, before, after);
    } catch {
      // The old commit may be gone after a forced push.
      return this.#index.all(repository);
    }
    return this.#index.reading(repository, changed);
  }

  /** Commits of the application's folders from `revision` (excluded) to `target`. */
  async commitsBetween(application: Application, revision: string, target: string, paths: string[]): Promise<GitCommit[]> {
    if (revision === target || revision === '') return [];
    return this.#options.git.log(this.repository(application.source), { from: target, exclude: revision, paths, limit: 100 });
  }

  async commit(application: Application, sha: string): Promise<GitCommit | undefined> {
    const [commit] = await this.#options.git.log(this.repository(application.source), { from: sha, limit: 1 });
    return commit;
  }
}

function remember(map: Map<string, Map<string, string>>, key: string): Map<string, string> {
  let inner = map.get(key);
  if (!inner) map.set(key, (inner = new Map()));
  return inner;
}

function redactUrl(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}
