// `daruma sync`: makes the cluster as Git says, and shows each resource.
import { createInterface } from 'node:readline/promises';
import type { ApiClient, SyncRequest, SyncResponse } from '../../platform/api/index.ts';
import { DarumaError } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { printChanges } from './diff.ts';
import { mark, print, printJson, seconds, short } from './output.ts';

interface SyncOptions extends GlobalOptions {
  dryRun?: boolean;
  prune?: boolean;
  revision?: string;
  resource?: string[];
  confirm?: string;
  watch?: boolean;
  output?: string;
}

export async function run(options: SyncOptions, app?: string | string[]): Promise<number> {
  const { api } = await connect(options);
  const name = String(app);
  const { dryRun, prune, revision, resource, confirm } = options;
  const request: SyncRequest = {
    ...(dryRun ? { dryRun } : {}),
    ...(prune ? { prune } : {}),
    ...(revision ? { revision } : {}),
    ...(resource ? { resources: resource } : {}),
    ...(confirm ? { confirm } : {}),
  };
  const done = new AbortController();
  const watching = options.watch && options.output !== 'json' ? watchResources(api, name, done.signal) : undefined;
  const result = await confirmed(api, name, request, given => api.sync(name, { ...request, ...given })).finally(() =>
    done.abort(),
  );
  await watching;
  if (options.output === 'json') printJson(result);
  else printResult(result, { dryRun: dryRun ?? false, listed: watching !== undefined });
  return result.phase === 'Succeeded' ? 0 : 1;
}

/** Asks for the typed name on a terminal when the environment is guarded and no --confirm was given. */
export async function confirmed<T>(
  api: ApiClient,
  name: string,
  request: SyncRequest,
  act: (given: { confirm?: string }) => Promise<T>,
): Promise<T> {
  try {
    return await act({});
  } catch (error) {
    if (!(error instanceof DarumaError) || error.code !== 'CONFIRMATION_NEEDED' || request.confirm || !process.stdin.isTTY)
      throw error;
    const { guard } = await api.application(name);
    printChanges(await api.diff(name, request.revision ? { revision: request.revision } : {}));
    const ask = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return await act({ confirm: (await ask.question(`type "${guard?.confirm ?? name}" to go on: `)).trim() });
    } finally {
      ask.close();
    }
  }
}

function printResult(result: SyncResponse, { dryRun, listed }: { dryRun: boolean; listed: boolean }): void {
  if (!listed)
    for (const { resource, action, message } of result.resources)
      print(`  ${resource} ${action}${message ? `  ${message}` : ''}`);
  const sign = result.phase === 'Succeeded' ? mark.done() : mark.failed();
  print(
    `${sign} ${result.application} ${dryRun ? 'would be synced' : result.phase === 'Succeeded' ? 'synced' : 'not synced'} to ${short(result.revision)} in ${seconds(result.ms)}  ${result.message}`,
  );
}

async function watchResources(api: ApiClient, name: string, signal: AbortSignal): Promise<void> {
  const since = (await api.events()).at(-1)?.seq ?? 0;
  for await (const entry of api.followEvents(since, { signal })) {
    if (entry.type === 'gitops.resource' && entry.data.application === name)
      print(`  ${entry.data.resource} ${entry.data.action}`);
  }
}
