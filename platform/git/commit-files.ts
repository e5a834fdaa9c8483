// One commit on top of a branch, made without a working copy and done again when the branch moved meanwhile.
import fs from 'node:fs';
import isomorphic from 'isomorphic-git';
import { DarumaError } from '../core/index.ts';
import { moveRef } from './refs.ts';
import { branchRef, NO_COMMIT } from './repository-names.ts';
import type { FileChange, TreeEditor } from './tree-editor.ts';

const ATTEMPTS = 8;

export interface CommitAuthor {
  name: string;
  email: string;
  /** Default: now. */
  date?: Date;
}

export interface CommitFilesOptions {
  repository: string;
  branch: string;
  /** By path; `null` removes. As a function: called with the parent on every attempt. */
  changes: ReadonlyMap<string, FileChange> | ((parent: string | undefined) => Promise<ReadonlyMap<string, FileChange>>);
  author: CommitAuthor;
  message: string;
  /** The tip that the branch must have; then a moved branch is a CONFLICT and not tried again. */
  expectedParent?: string;
  /** Who did it, as the push event says. Default: the author's name. */
  user?: string;
}

export interface CommitResult {
  sha: string;
  parent: string | undefined;
  /** False: the files were so already, and `sha` is the branch's tip. */
  changed: boolean;
}

type Commit = Omit<CommitFilesOptions, 'repository' | 'user'>;

/** Writes the commit and moves the branch. @throws CONFLICT, INVALID_INPUT */
export async function writeCommit(gitdir: string, editor: TreeEditor, commit: Commit): Promise<CommitResult> {
  const ref = branchRef(commit.branch);
  for (let attempt = 1; ; attempt++) {
    const parent = await isomorphic.resolveRef({ fs, gitdir, ref }).catch(() => undefined);
    if (commit.expectedParent !== undefined && parent !== commit.expectedParent) {
      throw new DarumaError('CONFLICT', `${commit.branch} is at ${parent?.slice(0, 7) ?? 'nothing'}, not where it was expected`, {
        data: { branch: commit.branch, tip: parent, expected: commit.expectedParent },
      });
    }
    const base = parent ? (await isomorphic.readCommit({ fs, gitdir, oid: parent })).commit.tree : undefined;
    const changes = typeof commit.changes === 'function' ? await commit.changes(parent) : commit.changes;
    const tree = await editor.edit(base, changes);
    if (parent && tree === base) return { sha: parent, parent, changed: false };
    const { name, email, date = new Date() } = commit.author;
    const signature = { name, email, timestamp: Math.floor(date.getTime() / 1000), timezoneOffset: 0 };
    const message = commit.message.endsWith('\n') ? commit.message : `${commit.message}\n`;
    const sha = await isomorphic.writeCommit({
      fs,
      gitdir,
      commit: { message, tree, parent: parent ? [parent] : [], author: signature, committer: signature },
    });
    try {
      const subject = message.slice(0, message.indexOf('\n'));
      await moveRef(gitdir, { ref, before: parent ?? NO_COMMIT, after: sha, reason: `commit: ${subject}` });
      return { sha, parent, changed: true };
    } catch (error) {
      const moved = error instanceof DarumaError && error.code === 'CONFLICT' && commit.expectedParent === undefined;
      if (!moved || attempt === ATTEMPTS) throw error;
    }
  }
}
