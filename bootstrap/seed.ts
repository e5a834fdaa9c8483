// Fills the repositories of a new platform from templates/: the same first commit of the application on every machine.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { assetPath } from '../platform/core/index.ts';
import type { FileChange, Repositories } from '../platform/git/index.ts';
import { BRANCH } from './git-bridge.ts';

/** How manifests name the git server: the same on every machine and port. */
export const GIT_URL = 'http://git.daruma.internal';
export const APP_REPOSITORY = 'demo-app';
export const GITOPS_REPOSITORY = 'demo-gitops';

const AUTHOR = { name: 'daruma', email: 'daruma@daruma.internal' };
/** Fixed, so that the seed commit of the application and its image are the same everywhere. */
const SEED_TIME = new Date('2026-01-01T00:00:00Z');

/** Makes the application's repository when it is missing; returns its first commit. */
export async function seedApplication(repositories: Repositories): Promise<void> {
  if (await repositories.exists(APP_REPOSITORY)) return;
  const seed = await readTemplate('demo-app', {});
  await repositories.create(APP_REPOSITORY, {
    seed,
    branch: BRANCH,
    author: { ...AUTHOR, date: SEED_TIME },
    message: 'Greet over HTTP',
  });
}

/** Makes the GitOps repository when it is missing, its overlays at `imageTag`. */
export async function seedGitops(repositories: Repositories, { imageTag }: { imageTag: string }): Promise<void> {
  if (await repositories.exists(GITOPS_REPOSITORY)) return;
  const seed = await readTemplate('demo-gitops', { GIT_URL, IMAGE_TAG: imageTag });
  await repositories.create(GITOPS_REPOSITORY, { seed, branch: BRANCH, author: AUTHOR, message: 'Describe three environments' });
}

async function readTemplate(name: string, values: Record<string, string>): Promise<Map<string, FileChange>> {
  const root = assetPath(join('templates', name));
  const files = new Map<string, FileChange>();
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        await walk(path);
        continue;
      }
      const text = (await readFile(path, 'utf8')).replace(/\$\{([A-Z_]+)\}/g, (whole, key: string) => values[key] ?? whole);
      const executable = ((await stat(path)).mode & 0o100) !== 0;
      files.set(relative(root, path), executable ? { content: text, executable } : text);
    }
  };
  await walk(root);
  return files;
}

/** The hosted repository behind a URL: by the name that manifests use, or by the address that people clone from. */
export function repositoryBehind(repoURL: string, gitServerUrl: string): string | undefined {
  for (const base of [GIT_URL, gitServerUrl]) {
    if (repoURL.startsWith(`${base}/`)) return repoURL.slice(base.length + 1).replace(/\.git$/, '');
  }
  return undefined;
}
