// One appliance a home: a lock file that a killed process cannot leave behind in force.
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError, type HomePaths } from '../platform/core/index.ts';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** Makes the home folder and takes its lock. @throws DarumaError HOME_NOT_WRITABLE | HOME_IN_USE */
export async function lockHome(paths: HomePaths): Promise<AsyncDisposable> {
  const mine = join(paths.root, `.lock-${process.pid}`);
  try {
    await mkdir(paths.root, { recursive: true, mode: 0o700 });
    await writeFile(mine, JSON.stringify(await identityOf(process.pid)), { mode: 0o600 });
  } catch (error) {
    throw new DarumaError('HOME_NOT_WRITABLE', `the home folder ${paths.root} cannot be written: ${(error as Error).message}`, {
      hint: 'choose another with --home or DARUMA_HOME, or mend its permissions',
      cause: error,
    });
  }
  try {
    for (;;) {
      try {
        await link(mine, paths.lock);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const owner = await lockOwner(paths);
      if (owner && owner.pid !== process.pid && (await isAlive(owner))) {
        throw new DarumaError('HOME_IN_USE', `another daruma (pid ${owner.pid}) runs on ${paths.root}`, {
          hint: 'daruma status shows it, daruma down stops it; --home starts a second one elsewhere',
          data: { pid: owner.pid },
        });
      }
      // Taken aside first: of two that find the same stale lock, one moves it and the other tries again.
      const aside = `${mine}-stale`;
      await rename(paths.lock, aside).catch(() => {});
      await rm(aside, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
  return { [Symbol.asyncDispose]: () => rm(paths.lock, { force: true }) };
}

/** The process that holds the lock, alive or not. */
export async function lockOwner(paths: HomePaths): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(paths.lock, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
