// `daruma down`: stops the platform; with --purge removes what it made.
import { existsSync } from 'node:fs';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiClient } from '../../platform/api/index.ts';
import { DarumaError, type HomePaths, silentLogger } from '../../platform/core/index.ts';
import { createProvider } from '../clusters/create-provider.ts';
import { readConfig } from '../config.ts';
import { readCredentials } from '../credentials.ts';
import { lockOwner } from '../home-lock.ts';
import { endProcess, isAlive } from '../process-identity.ts';
import { findAppliance, type GlobalOptions, pathsOf } from './connect.ts';
import { mark, print } from './output.ts';

const GRACE_MS = 30_000;

export async function run(options: GlobalOptions & { purge?: boolean }): Promise<void> {
  const paths = pathsOf(options);
  const stopped = await stopAppliance(paths, options.user ?? 'lead');
  if (!stopped && !options.purge) {
    if (!existsSync(paths.root)) throw new DarumaError('NOT_RUNNING', `no daruma runs on ${paths.root}`, { hint: 'daruma up' });
    return print(`${mark.done()} nothing runs on ${paths.root}`);
  }
  if (options.purge) await purgeHome(paths);
  print(
    `${mark.done()} ${stopped ? 'stopped' : 'nothing ran'}${options.purge ? `, and ${paths.root} is removed` : `; its state is in ${paths.root}`}`,
  );
}

/** Stops what runs on a home, in order when it answers. False when nothing ran. */
export async function stopAppliance(paths: HomePaths, user = 'lead'): Promise<boolean> {
  const record = await findAppliance(paths);
  if (record) {
    const credentials = await readCredentials(paths);
    await createApiClient({ url: record.api, token: credentials?.of(user).token ?? '' })
      .shutdown()
      .catch(() => {});
    await waitUntilEnded(record);
  }
  // One that is still starting answers nowhere yet.
  const owner = await lockOwner(paths);
  const starting = owner !== undefined && (await isAlive(owner));
  if (starting) await endProcess(owner, { graceMs: GRACE_MS });
  return record !== undefined || starting;
}

async function waitUntilEnded(record: { pid: number; startTime: string }): Promise<void> {
  const deadline = Date.now() + GRACE_MS;
  while (Date.now() < deadline) {
    if (!(await isAlive(record))) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  await endProcess(record, { graceMs: 1_000 });
}

/** Removes the cluster and every file that daruma made; what else lies in the folder stays. */
export async function purgeHome(paths: HomePaths): Promise<void> {
  const config = await readConfig(paths).catch(() => undefined);
  if (config) {
    const unused = () => {
      throw new Error('nothing is started to be destroyed');
    };
    await createProvider({ config, paths, logger: silentLogger, registry: unused, listenForNodes: unused }).destroy();
  }
  const { root, ...made } = paths;
  const others = ['run.json', 'cluster-host.json', 'images', 'work', 'tour.json', 'output.log'].map(name => join(root, name));
  for (const path of [...Object.values(made), ...others]) await rm(path, { recursive: true, force: true });
  for (const name of await readdir(root).catch(() => []))
    if (name.startsWith('.lock-') || name.endsWith('.tmp')) await rm(join(root, name), { force: true });
  await rmdir(root).catch(() => {});
}
