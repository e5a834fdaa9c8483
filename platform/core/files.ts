// Files are replaced whole or not at all: temp, fsync, rename, fsync of the folder.
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DarumaError } from './errors.ts';

/** Replaces `path` with `content` atomically and durably. Creates missing folders. `mode` defaults to 0600. */
export async function writeFileAtomic(path: string, content: string | Uint8Array, { mode = 0o600 } = {}): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    const directory = await open(folder, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw new DarumaError('DISK_FULL', `no space left to write ${path}`, {
        hint: 'free some space, then run the command again',
        cause: error,
      });
    }
    throw error;
  }
}

/** The text of a file, or undefined when there is none. */
export async function readFileIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
