// The first deployment of a new platform: all three environments once, so that there is something to look at.
import { type ApplicationView, type Clock, DarumaError } from '../platform/core/index.ts';
import type { Gitops } from '../platform/gitops/index.ts';

const POLL_MS = 25;

export interface FirstSyncOptions {
  gitops: Gitops;
  clock: Clock;
  signal: AbortSignal;
  timeoutMs: number;
  onProgress: (detail: string) => void;
}

/** Syncs what is not automated and has never been deployed, then waits until all is healthy. @throws DarumaError TIMEOUT | SYNC_FAILED */
export async function deployEverythingOnce(options: FirstSyncOptions): Promise<void> {
  const { gitops, clock, signal, timeoutMs } = options;
  const started = new Map<string, Promise<void>>();
  let failure: unknown;
  const deadline = clock.now().getTime() + timeoutMs;
  for (;;) {
    const applications = await gitops.applications();
    for (const app of applications) {
      if (app.automated || app.revision !== '' || started.has(app.name) || app.targetRevision === '') continue;
      started.set(
        app.name,
        syncOnce(gitops, app, signal).catch(error => void (failure = error)),
      );
    }
    if (failure) throw failure;
    const environments = applications.filter(app => app.environment !== '');
    options.onProgress(environmentsText(environments));
    if (environments.length > 1 && applications.every(app => app.sync === 'Synced' && app.health === 'Healthy')) break;
    if (clock.now().getTime() > deadline) {
      const waiting = applications
        .filter(app => app.sync !== 'Synced' || app.health !== 'Healthy')
        .map(app => `${app.name} is ${app.sync}, ${app.health}: ${app.message}`);
      throw new DarumaError(
        'TIMEOUT',
        `the first deployment is not complete after ${timeoutMs / 1000} s: ${waiting.join('; ')}`,
        { hint: 'daruma status --watch, daruma logs' },
      );
    }
    await clock.sleep(POLL_MS, { signal });
  }
  await Promise.all(started.values());
}

async function syncOnce(gitops: Gitops, app: ApplicationView, signal: AbortSignal): Promise<void> {
  const result = await gitops.sync(app.name, {
    actor: 'daruma',
    role: 'lead',
    signal,
    ...(app.guard ? { confirm: app.guard.confirm } : {}),
  });
  if (result.phase === 'Failed')
    throw new DarumaError('SYNC_FAILED', `${app.name}: ${result.message}`, { hint: `daruma sync ${app.name}` });
}

/** `dev 1/1 · staging 1/2 · prod 0/3`. */
export function environmentsText(applications: ApplicationView[]): string {
  const order = ['dev', 'staging', 'prod'];
  return [...applications]
    .filter(app => app.replicas.wanted > 0)
    .sort((a, b) => order.indexOf(a.environment) - order.indexOf(b.environment))
    .map(app => `${app.environment} ${app.replicas.ready}/${app.replicas.wanted}`)
    .join(' · ');
}
