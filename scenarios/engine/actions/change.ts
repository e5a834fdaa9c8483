// Changes a repository in the learner's working copy: files, a commit and, unless told otherwise, a push.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from '../../../platform/core/index.ts';
import type { RepositoryName } from '../context.ts';
import type { Action, ActionScope } from './action.ts';

export interface ChangeParameters {
  repository: RepositoryName;
  message: string;
  /** `Ana <ana@example.com>`; the learner when absent. */
  author?: string;
  /** Whole files by path. */
  files?: Record<string, string>;
  edits?: { file: string; find: string; replace: string }[];
  push?: boolean;
}

export const change: Action<ChangeParameters> = async (
  { repository, message, author, files = {}, edits = [], push = true },
  scope,
) => {
  const { git } = scope.context;
  await pullFirst(repository, scope);
  for (const [path, text] of Object.entries(files)) {
    const target = join(git.folder(repository), path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  for (const { file, find, replace } of edits) {
    const path = join(git.folder(repository), file);
    const before = await readFile(path, 'utf8');
    const after = before.replace(new RegExp(find, 'm'), replace);
    if (after === before) {
      throw new DarumaError('CHECK_FAILED', `${file} of ${repository} has nothing that matches ${find}, or is changed already`, {
        hint: 'reset the scenario, or make the change by hand',
      });
    }
    await writeFile(path, after);
  }
  const changed = [...Object.keys(files), ...edits.map(({ file }) => file)];
  await git.git(repository, ['add', '--', ...changed], scope);
  await git.git(
    repository,
    ['commit', '--quiet', '--allow-empty', '--message', message, ...(author ? ['--author', author] : [])],
    scope,
  );
  if (push) await pushBranch(repository, scope);
};

/** The bot commits to demo-gitops too, so what is on the server comes first. */
export async function pullFirst(repository: RepositoryName, { context, signal }: ActionScope): Promise<void> {
  await context.git.git(repository, ['pull', '--quiet', '--rebase', '--autostash', 'origin', 'main'], { signal });
}

/** The bot may push at the same moment: then git refuses, and the commits go on top of its own. */
export async function pushBranch(repository: RepositoryName, scope: ActionScope): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await scope.context.git.git(repository, ['push', '--quiet', 'origin', 'HEAD:main'], scope);
      return;
    } catch (error) {
      if (attempt === 3 || !String((error as Error).message).match(/rejected|fetch first|stale|lock/)) throw error;
      await pullFirst(repository, scope);
    }
  }
}

export const push: Action<{ repository: RepositoryName }> = ({ repository }, scope) => pushBranch(repository, scope);

/** Undoes the newest commit of `main` by a new one, and pushes it. */
export const revert: Action<{ repository: RepositoryName }> = async ({ repository }, scope) => {
  await pullFirst(repository, scope);
  await scope.context.git.git(repository, ['revert', '--no-edit', 'HEAD'], scope);
  await pushBranch(repository, scope);
};

/** A new version of the application: the minor number of package.json rises, and nothing else changes. */
export const release: Action<{ repository: RepositoryName }> = async ({ repository }, scope) => {
  await pullFirst(repository, scope);
  const file = 'package.json';
  const text = await readFile(join(scope.context.git.folder(repository), file), 'utf8');
  const [, major = '1', minor = '0'] = /"version": "(\d+)\.(\d+)/.exec(text) ?? [];
  const version = `${major}.${Number(minor) + 1}.0`;
  const edits = [{ file, find: '"version": "[^"]*"', replace: `"version": "${version}"` }];
  await change({ repository, message: `release: ${version}`, edits }, scope);
};

export const prepareWorkingCopies: Action<Record<string, never>> = (_parameters, { context, signal }) =>
  context.git.prepare({ signal });
