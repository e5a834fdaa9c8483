// The repositories of a platform as the appliance itself uses them: what Git holds, read and written without a working copy.
import fs from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import isomorphic from 'isomorphic-git';
import { DarumaError } from '../core/index.ts';
import { type AnnotatedRef, createAnnotatedRef, readAnnotatedRefs } from './annotated-refs.ts';
import { writeAnnounced } from './announced-refs.ts';
import { type CommitAuthor, type CommitFilesOptions, type CommitResult, writeCommit } from './commit-files.ts';
import { git, tryGit } from './git-command.ts';
import { changedPaths, countCommits, isAncestor, type LogEntry, type LogRange, readLog } from './history.ts';
import { type BranchProtection, protectBranch, readProtections, unprotectBranch } from './protection.ts';
import { listRefs, moveRef } from './refs.ts';
import { branchRef, isRepositoryName, NO_COMMIT, repositoryPath } from './repository-names.ts';
import { resolveRevision } from './revision.ts';
import { type FileChange, TreeEditor } from './tree-editor.ts';

/** A branch or tag that moved, by whom. */
export interface MovedRef {
  repository: string;
  ref: string;
  before: string;
  after: string;
  user: string;
  /** Worked out when it is not known. */
  forced?: boolean;
}

export interface CreateRepositoryOptions {
  /** The files of the first commit. None: an empty repository. */
  seed?: ReadonlyMap<string, FileChange>;
  branch?: string;
  author?: CommitAuthor;
  message?: string;
}

const PLATFORM_AUTHOR: CommitAuthor = { name: 'daruma', email: 'daruma@daruma.internal' };

const CONFIGURATION: [string, string][] = [
  ['core.hooksPath', '../.hooks'],
  ['core.logAllRefUpdates', 'true'],
  ['gc.auto', '0'],
  ['receive.autogc', 'false'],
  ['uploadpack.allowFilter', 'true'],
  ['uploadpack.allowReachableSHA1InWant', 'true'],
];

/**
 * Bare repositories in one folder. Reads answer what was durable when they were asked. Every method that takes a name
 * throws NOT_FOUND when there is no such repository, INVALID_INPUT when it cannot be a name.
 */
export class Repositories {
  readonly directory: string;
  readonly #moved: (move: MovedRef) => void;
  readonly #editors = new Map<string, TreeEditor>();

  /** `moved` hears of every branch that `commitFiles` moves; pushes are heard of by the server's hooks. */
  constructor(directory: string, { moved = () => {} }: { moved?: (move: MovedRef) => void } = {}) {
    this.directory = directory;
    this.#moved = moved;
  }

  /** The bare repository's folder, existing or not. @throws INVALID_INPUT */
  path(name: string): string {
    return repositoryPath(this.directory, name);
  }

  async list(): Promise<string[]> {
    const entries = await readdir(this.directory, { withFileTypes: true }).catch(() => []);
    return entries
      .filter(entry => entry.isDirectory() && entry.name.endsWith('.git'))
      .map(entry => entry.name.slice(0, -'.git'.length))
      .filter(isRepositoryName)
      .sort();
  }

  async exists(name: string): Promise<boolean> {
    return isRepositoryName(name) && (await stat(join(this.path(name), 'HEAD')).catch(() => undefined)) !== undefined;
  }

  /**
   * Makes a bare repository with an optional first commit; all or nothing. Answers the first commit's id, or undefined.
   * The seeding is not announced as a push. @throws CONFLICT when it exists
   */
  async create(name: string, options: CreateRepositoryOptions = {}): Promise<string | undefined> {
    const { seed, branch = 'main', author = PLATFORM_AUTHOR, message = `Start ${name}` } = options;
    const path = this.path(name);
    if (await this.exists(name)) {
      throw new DarumaError('CONFLICT', `the repository ${name} exists already`, { hint: 'choose another name' });
    }
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    const temporary = join(this.directory, `.new-${name}-${process.pid}-${Date.now()}`);
    try {
      const made = await tryGit(['init', '--bare', '--quiet', '--template=', temporary]);
      if (made.code !== 0) throw new Error(`git init failed: ${made.stderr}`);
      await git(temporary, 'symbolic-ref', 'HEAD', `refs/heads/${branch}`);
      for (const [key, value] of CONFIGURATION) await isomorphic.setConfig({ fs, gitdir: temporary, path: key, value });
      let first: string | undefined;
      if (seed) {
        const changes = seed;
        first = (await writeCommit(temporary, new TreeEditor(temporary), { branch, changes, author, message })).sha;
        await writeAnnounced(temporary, new Map([[branchRef(branch), first]]));
      }
      await rename(temporary, path);
      return first;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      const raced = (error as NodeJS.ErrnoException).code;
      if (raced === 'ENOTEMPTY' || raced === 'EEXIST') throw new DarumaError('CONFLICT', `the repository ${name} exists already`);
      throw error;
    }
  }

  /**
   * The commit that a revision means now: a full ref name, HEAD, branch, tag, semver range over the tags (`1.x`, `~2.1`),
   * or a full or at least 7 digits long SHA; in this order. @throws NOT_FOUND
   */
  async resolve(name: string, revision: string): Promise<string> {
    return resolveRevision(await this.#existing(name), name, revision);
  }

  /** The id of what is at `path` in a commit, so that equal ids mean equal content. Undefined when nothing is there. */
  async treeHash(name: string, sha: string, path = ''): Promise<string | undefined> {
    return (await (await this.#editor(name)).entryAt(sha, path))?.oid;
  }

  /**
   * Every file below a folder of a commit, by its path from that folder, sorted. The contents are shared with later readers
   * and must not be changed. @throws NOT_FOUND when there is no folder
   */
  async readTree(name: string, sha: string, path = ''): Promise<Map<string, Buffer>> {
    const editor = await this.#editor(name);
    const entry = await editor.entryAt(sha, path);
    if (entry?.type !== 'tree') {
      throw new DarumaError('NOT_FOUND', `there is no folder ${path} in ${name} at ${sha.slice(0, 7)}`, { data: { path, sha } });
    }
    return editor.readFiles(entry.oid);
  }

  /** One file of a commit, or undefined. */
  async readFile(name: string, sha: string, path: string): Promise<Buffer | undefined> {
    const editor = await this.#editor(name);
    const entry = await editor.entryAt(sha, path);
    return entry?.type === 'blob' ? editor.readBlob(entry.oid) : undefined;
  }

  /** Commits reachable from `from` and not from `to`, newest first, that touch `path` when given. Limit: 50 by default. */
  async log(name: string, range: LogRange): Promise<LogEntry[]> {
    return readLog(await this.#existing(name), range);
  }

  /** How many commits `log` would answer without a limit. */
  async countBetween(name: string, range: Omit<LogRange, 'limit'>): Promise<number> {
    return countCommits(await this.#existing(name), range);
  }

  /** Paths of files that differ between two commits; `before` may be 40 zeros. */
  async changedPaths(name: string, before: string, after: string): Promise<string[]> {
    return changedPaths(await this.#existing(name), before, after);
  }

  /** True for equal commits too. */
  async isAncestor(name: string, ancestor: string, descendant: string): Promise<boolean> {
    return isAncestor(await this.#existing(name), ancestor, descendant);
  }

  /**
   * One commit on a branch that sets and removes files; the branch is made when it is not there. When somebody else moves
   * the branch meanwhile, it is done again on the new tip (8 times at most), unless `expectedParent` is given. Nothing to
   * change: no commit, `changed` false. Announced like a push. @throws CONFLICT, INVALID_INPUT
   */
  async commitFiles({ repository, ...commit }: CommitFilesOptions): Promise<CommitResult> {
    const path = await this.#existing(repository);
    const result = await writeCommit(path, await this.#editor(repository), commit);
    if (result.changed) {
      this.#moved({
        repository,
        ref: `refs/heads/${commit.branch}`,
        before: result.parent ?? NO_COMMIT,
        after: result.sha,
        user: commit.user ?? commit.author.name,
        forced: false,
      });
    }
    return result;
  }

  /** Refs below a prefix and what they point at (a tag object for annotated ones). */
  async refs(name: string, prefix = 'refs/'): Promise<Map<string, string>> {
    return listRefs(await this.#existing(name), prefix);
  }

  /**
   * Makes a ref (`refs/daruma/deployed/<application>/<n>`) with a tag object that points at a commit and carries a message.
   * Answers the tag object's id. Not announced. @throws CONFLICT when the ref exists
   */
  async writeRef(name: string, ref: Omit<AnnotatedRef, 'object'>): Promise<string> {
    return createAnnotatedRef(await this.#existing(name), ref);
  }

  /** The annotated refs below a prefix, in the order of their numbers. */
  async readRefs(name: string, prefix: string): Promise<AnnotatedRef[]> {
    return readAnnotatedRefs(await this.#existing(name), prefix);
  }

  /** Removes a ref that still points at `object`. @throws CONFLICT when it moved */
  async deleteRef(name: string, ref: string, object: string): Promise<void> {
    await moveRef(await this.#existing(name), { ref, before: object, after: NO_COMMIT });
  }

  /** From now on only these roles push to the branch, and nobody forces or deletes it. Kept in the repository's configuration. */
  async protect(name: string, branch: string, { roles }: { roles: string[] }): Promise<void> {
    await protectBranch(await this.#existing(name), branch, roles);
  }

  async unprotect(name: string, branch: string): Promise<void> {
    await unprotectBranch(await this.#existing(name), branch);
  }

  async protections(name: string): Promise<BranchProtection[]> {
    return readProtections(await this.#existing(name));
  }

  async #existing(name: string): Promise<string> {
    const path = this.path(name);
    if (!(await this.exists(name))) {
      throw new DarumaError('NOT_FOUND', `there is no repository ${name}`, { hint: 'daruma status lists the repositories' });
    }
    return path;
  }

  async #editor(name: string): Promise<TreeEditor> {
    const path = await this.#existing(name);
    const editor = this.#editors.get(name) ?? new TreeEditor(path);
    this.#editors.set(name, editor);
    return editor;
  }
}
