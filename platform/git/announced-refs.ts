// The record of what was announced of a repository, kept in its folder.
import { join } from 'node:path';
import { readFileIfExists, writeFileAtomic } from '../core/index.ts';

const FILE = 'daruma-announced.json';

/** What each branch and tag pointed at when it was last announced. Nothing known: empty, so that all is announced again. */
export async function readAnnounced(repositoryPath: string): Promise<Map<string, string>> {
  const text = (await readFileIfExists(join(repositoryPath, FILE))) ?? '{}';
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
  } catch {
    return new Map();
  }
}

export async function writeAnnounced(repositoryPath: string, announced: ReadonlyMap<string, string>): Promise<void> {
  await writeFileAtomic(join(repositoryPath, FILE), `${JSON.stringify(Object.fromEntries(announced))}\n`);
}
