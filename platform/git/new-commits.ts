// Which commits a push brought. Most pushes bring a few in a row, which are read in process; others are asked of git.
import fs from 'node:fs';
import isomorphic from 'isomorphic-git';
import { readLog } from './history.ts';
import { NO_COMMIT } from './repository-names.ts';
import type { CommitSummary } from './types.ts';

const SHOWN = 50;
const IN_PROCESS = 8;

/** Newest first, at most 50. None when the ref was deleted or points at no commit. */
export async function newCommits(gitdir: string, before: string, after: string): Promise<CommitSummary[]> {
  if (after === NO_COMMIT) return [];
  if (before !== NO_COMMIT) {
    const row = await commitsInARow(gitdir, before, after).catch(() => undefined);
    if (row) return row;
  }
  const to = before === NO_COMMIT ? undefined : before;
  const entries = await readLog(gitdir, { from: after, to, limit: SHOWN }).catch(() => []);
  return entries.map(({ sha, subject, author }) => ({ sha, subject, author }));
}

async function commitsInARow(gitdir: string, before: string, after: string): Promise<CommitSummary[] | undefined> {
  const found: CommitSummary[] = [];
  let oid = after;
  while (oid !== before) {
    const { commit } = await isomorphic.readCommit({ fs, gitdir, oid });
    const [parent, second] = commit.parent;
    if (parent === undefined || second !== undefined || found.length === IN_PROCESS) return undefined;
    const subject = (commit.message.trimStart().split(/\n\s*\n/, 1)[0] ?? '').replace(/\s*\n\s*/g, ' ').trim();
    found.push({ sha: oid, subject, author: `${commit.author.name} <${commit.author.email}>` });
    oid = parent;
  }
  return found;
}
