// Walks of the history, which git's own revision machinery does best.
import { DarumaError } from '../core/index.ts';
import { git, tryGit } from './git-command.ts';

export interface LogRange {
  /** A commit's SHA or a ref. */
  from: string;
  /** Leaves out what is reachable from here. */
  to?: string;
  /** Only commits that touch this path. */
  path?: string;
  /** Only commits that touch one of these paths. */
  paths?: string[];
  limit?: number;
}

export interface LogEntry {
  sha: string;
  subject: string;
  /** The message below the subject. */
  body: string;
  /** `Name <email>`. */
  author: string;
  /** When it was committed, RFC 3339. */
  date: string;
  parents: string[];
}

function selection({ from, to, path, paths = [] }: LogRange): string[] {
  for (const revision of [from, to ?? '']) {
    if (revision.startsWith('-') || /[\s\0]/.test(revision)) {
      throw new DarumaError('INVALID_INPUT', `"${revision}" is not a revision`);
    }
  }
  return [from, ...(to ? [`^${to}`] : []), '--', ...[...(path ? [path] : []), ...paths].map(one => `:(literal)${one}`)];
}

export async function readLog(gitdir: string, range: LogRange): Promise<LogEntry[]> {
  const format = ['%H', '%s', '%b', '%an <%ae>', '%cI', '%P'].join('%x1f');
  const text = await git(gitdir, 'log', '-z', `--format=${format}`, `--max-count=${range.limit ?? 50}`, ...selection(range));
  return text
    .split('\0')
    .filter(record => record !== '')
    .map(record => {
      const [sha = '', subject = '', body = '', author = '', date = '', parents = ''] = record.split('\x1f');
      return { sha, subject, body: body.trim(), author, date, parents: parents.split(' ').filter(Boolean) };
    });
}

export async function countCommits(gitdir: string, range: LogRange): Promise<number> {
  return Number(await git(gitdir, 'rev-list', '--count', ...selection(range)));
}

export async function isAncestor(gitdir: string, ancestor: string, descendant: string): Promise<boolean> {
  if (ancestor === descendant) return true;
  const { code, stderr } = await tryGit(['--git-dir', gitdir, 'merge-base', '--is-ancestor', ancestor, descendant]);
  if (code > 1) throw new Error(`git merge-base failed: ${stderr}`);
  return code === 0;
}

/** Paths of files that differ between two commits; every file of `after` when `before` is no commit. */
export async function changedPaths(gitdir: string, before: string, after: string): Promise<string[]> {
  const commits = [before, after].map(sha => sha.match(/^[0-9a-f]{40}$/)?.[0]);
  if (commits.includes(undefined)) throw new DarumaError('INVALID_INPUT', `"${before}" and "${after}" must be full commit ids`);
  const text = /^0+$/.test(before)
    ? await git(gitdir, 'ls-tree', '-r', '-z', '--name-only', after)
    : await git(gitdir, 'diff-tree', '-r', '-z', '--no-renames', '--name-only', before, after);
  return text.split('\0').filter(path => path !== '');
}
