// Branch protection, kept in the repository's own configuration so that it travels with it.
import { git, tryGit } from './git-command.ts';
import { branchRef } from './repository-names.ts';

export interface BranchProtection {
  branch: string;
  /** Who may still push; nobody may force or delete. */
  roles: string[];
}

const SECTION = 'daruma-protection';

export async function protectBranch(gitdir: string, branch: string, roles: string[]): Promise<void> {
  branchRef(branch);
  await git(gitdir, 'config', '--replace-all', `${SECTION}.${branch}.roles`, roles.join(' '));
}

export async function unprotectBranch(gitdir: string, branch: string): Promise<void> {
  branchRef(branch);
  await tryGit(['--git-dir', gitdir, 'config', '--remove-section', `${SECTION}.${branch}`]);
}

export async function readProtections(gitdir: string): Promise<BranchProtection[]> {
  const { stdout } = await tryGit(['--git-dir', gitdir, 'config', '-z', '--get-regexp', `^${SECTION}\\..*\\.roles$`]);
  return stdout
    .split('\0')
    .filter(entry => entry !== '')
    .map(entry => {
      const [key = '', roles = ''] = entry.split('\n');
      return { branch: key.slice(SECTION.length + 1, -'.roles'.length), roles: roles.split(' ').filter(Boolean) };
    });
}
