// Has Git moved, by whom, and what stands in it now?
import type { RepositoryName } from '../context.ts';
import { baselineOf, type Check, passed, short, waiting } from './check.ts';

export interface GitParameters {
  repository: RepositoryName;
  /** `main` has another tip than when the step began. */
  moved?: boolean;
  /** A file at the tip, and a pattern that its text must match. */
  file?: { path: string; matches: string };
  /** A file at the tip that names another repository's newest commit. */
  names?: { path: string; headOf: RepositoryName };
  /** A pattern for the subject of the newest commit. */
  subject?: string;
}

export const git: Check<GitParameters> = async ({ repository, moved, file, names, subject }, scope) => {
  const head = await scope.head(repository);
  if (moved && head === baselineOf(scope).heads[repository]) return waiting(`${repository} still stands at ${short(head)}`);
  if (file) {
    const text = await scope.context.git.remoteFile(repository, head, file.path, scope);
    if (text === undefined) return waiting(`${repository} has no ${file.path} at ${short(head)}`);
    if (!new RegExp(file.matches, 'm').test(text)) return waiting(`${file.path} at ${short(head)} does not hold what it should`);
  }
  if (names) {
    const wanted = await scope.head(names.headOf);
    const text = await scope.context.git.remoteFile(repository, head, names.path, scope);
    if (!text?.includes(wanted)) return waiting(`${repository} does not name ${short(wanted)} yet`);
    return passed(`${repository} at ${short(head)} names ${short(wanted)}`);
  }
  if (subject) {
    await scope.context.git.remoteFile(repository, head, '.', scope);
    const found = await scope.context.git.git(repository, ['log', '-1', '--format=%s', head], scope);
    if (!new RegExp(subject).test(found)) return waiting(`the newest commit of ${repository} is "${found}"`);
  }
  return passed(`${repository} at ${short(head)}`);
};
