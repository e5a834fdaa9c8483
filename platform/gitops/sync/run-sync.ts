// One sync from its first phase to its end: PreSync, Sync, prune, PostSync, and SyncFail when one of them fails.
import type { ResourceOutcome } from '../../core/index.ts';
import { DarumaError, messageOf } from '../../core/index.ts';
import { type KubeObject, refOf } from '../../kube/index.ts';
import { healthOf } from '../health/index.ts';
import { resourceLabel } from '../model/index.ts';
import { applyTask } from './apply-task.ts';
import { cleanUpHook, hookState, startHook } from './hooks.ts';
import { byWave, type Phase, tierOf, waveOf } from './phases.ts';
import type { PruneTask, SyncContext, SyncOutcome, SyncTask } from './task.ts';

/** Idempotent: what is already as wanted is passed over. Throws only what the signal was aborted with. */
export async function runSync(
  { tasks, prunes, healthGate }: { tasks: SyncTask[]; prunes: PruneTask[]; healthGate?: boolean },
  context: SyncContext,
): Promise<SyncOutcome> {
  const phased = (phase: Phase) => tasks.filter(task => (task.hook ? task.hook.phases.includes(phase) : phase === 'Sync'));
  const postponed = prunes.filter(prune => prune.options.pruneLast);
  const hasLater = phased('PostSync').length > 0 || postponed.length > 0 || healthGate === true;
  try {
    await runPhase(phased('PreSync'), true, context);
    await runPhase(phased('Sync'), hasLater, context);
    await prune(
      prunes.filter(task => !task.options.pruneLast),
      context,
    );
    await runPhase(phased('PostSync'), true, context);
    await prune(postponed, context);
    return { succeeded: true, message: context.dryRun ? 'successfully synced (dry run)' : 'successfully synced (all tasks run)' };
  } catch (error) {
    context.signal.throwIfAborted();
    const message = messageOf(error);
    const failHooks = phased('SyncFail');
    if (failHooks.length > 0 && !context.dryRun)
      try {
        await runPhase(failHooks, true, context);
      } catch (second) {
        context.signal.throwIfAborted();
        return { succeeded: false, message: `${message}; then a SyncFail hook failed: ${messageOf(second)}` };
      }
    return { succeeded: false, message };
  }
}

async function runPhase(tasks: SyncTask[], gateLast: boolean, context: SyncContext): Promise<void> {
  const waves = byWave(tasks, task => task.object);
  for (const [index, { wave, items }] of waves.entries()) {
    for (const tier of [0, 1, 2]) {
      const plain = items.filter(task => !task.hook && tierOf(task.object) === tier);
      // Refused ones are told before anything is written.
      const outcomes = await Promise.all(plain.map(task => applyTask(task, context)));
      failOn(outcomes);
      if (tier === 0) await context.live.ensure(plain.map(task => task.object));
    }
    const hooks = items.filter(task => task.hook);
    await runHooks(hooks, context);
    if (!context.dryRun && (index < waves.length - 1 || gateLast))
      await waitHealthy(
        items.filter(task => !task.hook),
        wave,
        context,
      );
  }
}

async function runHooks(tasks: SyncTask[], context: SyncContext): Promise<void> {
  const started = await Promise.all(
    tasks.map(async task => {
      const { object, outcome } = await startHook(task, context);
      context.report(outcome, task.object);
      return { task, object, outcome };
    }),
  );
  failOn(started.map(({ outcome }) => outcome));
  if (context.dryRun) return;
  const failures: string[] = [];
  for (const { task, object } of started) {
    if (!object) continue;
    const name = resourceLabel(object);
    context.progress(`waiting for completion of hook ${name}`);
    await context.live.until(() => hookState(context.live.get(object)).done, { signal: context.signal });
    const live = context.live.get(object);
    const { failed, message } = hookState(live);
    if (failed) failures.push(`hook ${name} failed${message ? `: ${message}` : ''}`);
    if (live) await cleanUpHook(task, live, failed, context);
  }
  if (failures.length > 0) throw new DarumaError('SYNC_FAILED', failures.join('; '));
}

async function waitHealthy(tasks: SyncTask[], wave: number, context: SyncContext): Promise<void> {
  const states = () =>
    tasks.map(({ object }) => {
      const live = context.live.get(object);
      return { object, health: live ? healthOf(live) : { status: 'Missing' as const, message: 'not seen yet' } };
    });
  const isWaiting = (status: string | undefined) => status === 'Progressing' || status === 'Missing' || status === 'Unknown';
  let told = '';
  await context.live.until(
    () => {
      const waiting = states().filter(({ health }) => isWaiting(health?.status));
      const [first] = waiting;
      if (first) {
        const reason = first.health?.message ? ` (${first.health.message})` : '';
        const message = `waiting for healthy state of ${resourceLabel(first.object)}${reason}${
          waiting.length > 1 ? ` and ${waiting.length - 1} more` : ''
        }, wave ${wave}`;
        if (message !== told) context.progress((told = message));
      }
      return waiting.length === 0 || states().some(({ health }) => health?.status === 'Degraded');
    },
    { signal: context.signal },
  );
  const degraded = states().find(({ health }) => health?.status === 'Degraded');
  if (degraded)
    throw new DarumaError(
      'SYNC_FAILED',
      `${resourceLabel(degraded.object)} is degraded: ${degraded.health?.message ?? 'no reason given'}`,
    );
}

/** Later waves go first. */
async function prune(tasks: PruneTask[], context: SyncContext): Promise<void> {
  const waves = [...new Set(tasks.map(task => waveOf(task.live)))].sort((a, b) => b - a);
  for (const wave of waves) {
    const group = tasks.filter(task => waveOf(task.live) === wave);
    failOn(await Promise.all(group.map(task => context.limit(() => pruneOne(task, context)))));
  }
}

async function pruneOne(task: PruneTask, context: SyncContext): Promise<ResourceOutcome> {
  const { live, options, skipped } = task;
  const about = { resource: resourceLabel(live), ...(live.metadata.namespace ? { namespace: live.metadata.namespace } : {}) };
  let outcome: ResourceOutcome;
  if (skipped) outcome = { ...about, action: 'skipped', message: skipped };
  else
    try {
      await context.client.delete(refOf(live), {
        propagationPolicy: propagation(options.prunePropagationPolicy),
        ...(live.metadata.uid ? { preconditions: { uid: live.metadata.uid } } : {}),
        dryRun: context.dryRun,
      });
      outcome = { ...about, action: 'pruned' };
    } catch (error) {
      outcome = { ...about, action: 'failed', message: messageOf(error) };
    }
  context.report(outcome, live);
  return outcome;
}

export function propagation(policy: 'foreground' | 'background' | 'orphan'): 'Foreground' | 'Background' | 'Orphan' {
  return policy === 'foreground' ? 'Foreground' : policy === 'background' ? 'Background' : 'Orphan';
}

function failOn(outcomes: ResourceOutcome[]): void {
  const failed = outcomes.filter(({ action }) => action === 'failed');
  const [first] = failed;
  if (!first) return;
  const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : '';
  throw new DarumaError('SYNC_FAILED', `${first.resource}: ${first.message ?? 'failed'}${more}`);
}

/** For a reader of live objects alone. */
export function isHook(object: KubeObject): boolean {
  return object.metadata.annotations?.['argocd.argoproj.io/hook'] !== undefined;
}
