// How a command finds the platform of a home: where it runs, and as whom to call it.
import { join } from 'node:path';
import { type ApiClient, createApiClient } from '../../platform/api/index.ts';
import { DarumaError, type HomePaths, homePaths, readFileIfExists } from '../../platform/core/index.ts';
import { homeFolder } from '../config.ts';
import { readCredentials } from '../credentials.ts';
import { isAlive, type ProcessIdentity } from '../process-identity.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  home?: string;
  name?: string;
  /** Whose token to use: lead unless told. */
  user?: string;
  verbose?: boolean;
}

/** What a running appliance leaves in its home for its clients. */
export interface RunRecord extends ProcessIdentity {
  api: string;
  startedAt: string;
}

export function pathsOf(options: GlobalOptions): HomePaths {
  return homePaths(homeFolder(options));
}

export function runRecordPath(paths: HomePaths): string {
  return join(paths.root, 'run.json');
}

/** The appliance that runs on a home, or undefined. */
export async function findAppliance(paths: HomePaths): Promise<RunRecord | undefined> {
  const text = await readFileIfExists(runRecordPath(paths)).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const record = JSON.parse(text) as RunRecord;
    return (await isAlive(record)) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** A client of the home's platform. @throws DarumaError NOT_RUNNING | NOT_FOUND */
export async function connect(options: GlobalOptions): Promise<{ api: ApiClient; paths: HomePaths; run: RunRecord }> {
  const paths = pathsOf(options);
  const run = await findAppliance(paths);
  const credentials = run && (await readCredentials(paths));
  if (!run || !credentials) throw new DarumaError('NOT_RUNNING', `no daruma runs on ${paths.root}`, { hint: 'daruma up' });
  return { api: createApiClient({ url: run.api, token: credentials.of(options.user ?? 'lead').token }), paths, run };
}
