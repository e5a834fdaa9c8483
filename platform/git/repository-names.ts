// Which names a repository and a ref may have: the one gate before a name becomes a path or an argument.
import { join } from 'node:path';
import { DarumaError } from '../core/index.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const BRANCH = /^(?!.*(?:\.\.|\/\/|@\{|\.lock(?:\/|$)|\/\.))[A-Za-z0-9_][\w./+=@-]*(?<![./])$/;

export const NO_COMMIT = '0'.repeat(40);

export function isRepositoryName(name: string): boolean {
  return NAME.test(name) && !name.includes('..') && !/\.(git|lock)$/i.test(name);
}

/** The folder of a repository. @throws INVALID_INPUT for a name that cannot be one. */
export function repositoryPath(directory: string, name: string): string {
  if (!isRepositoryName(name)) {
    throw new DarumaError('INVALID_INPUT', `"${name}" cannot be the name of a repository`, {
      hint: 'use letters, digits, dot, dash and underscore, at most 100, without .git at the end',
    });
  }
  return join(directory, `${name}.git`);
}

/** `refs/heads/…` of a branch. @throws INVALID_INPUT for a name that git would refuse. */
export function branchRef(branch: string): string {
  if (!BRANCH.test(branch)) throw new DarumaError('INVALID_INPUT', `"${branch}" cannot be the name of a branch`);
  return `refs/heads/${branch}`;
}
