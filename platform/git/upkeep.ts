// What is put in order when the server starts: halves of repositories that a kill left, and heaps of loose objects.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tryGit } from './git-command.ts';
import type { Repositories } from './repositories.ts';

/** One of 256 folders of loose objects; more than this in it means about 4,000 in all. */
const SAMPLE = '17';
const SAMPLE_LIMIT = 16;

export async function removeUnfinished(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith('.new-')) await rm(join(directory, name), { recursive: true, force: true });
  }
}

/** Packs repositories that hold many loose objects; git's own collection is off, as it would run on in the background. */
export async function packLooseObjects(repositories: Repositories): Promise<void> {
  for (const name of await repositories.list()) {
    const path = repositories.path(name);
    const sample = await readdir(join(path, 'objects', SAMPLE)).catch(() => []);
    if (sample.length > SAMPLE_LIMIT) await tryGit(['--git-dir', path, 'repack', '-d', '-q']);
  }
}
