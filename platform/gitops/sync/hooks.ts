// Runs hooks: objects that do a job in a phase and are deleted by their policy.
import { DarumaError, messageOf, type ResourceOutcome } from '../../core/index.ts';
import { type KubeObject, refOf } from '../../kube/index.ts';
import { FIELD_MANAGER } from '../diff/index.ts';
import { healthOf } from '../health/index.ts';
import { resourceLabel } from '../model/index.ts';
import type { SyncContext, SyncTask } from './task.ts';

const OPERATION = 'daruma.dev/hook-operation';

/** Creates the hook and resolves with the live object, or with the failure. One that this operation has already run is left alone. */
export async function startHook(
  task: SyncTask,
  context: SyncContext,
): Promise<{ object?: KubeObject; outcome: ResourceOutcome }> {
  const object = marked(task.object, context.operationId);
  const about = {
    resource: resourceLabel(object),
    ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  };
  try {
    const { unknown = [], deletePolicies = [] } = task.hook ?? {};
    if (unknown.length > 0) throw new DarumaError('UNSUPPORTED_FIELD', `hook ${unknown.join(', ')} is not implemented by daruma`);
    await context.live.ensure([object]);
    const before = object.metadata.name ? context.live.get(object) : undefined;
    if (before?.metadata.annotations?.[OPERATION] === context.operationId)
      return { object: before, outcome: { ...about, action: 'unchanged' } };
    if (before && deletePolicies.includes('BeforeHookCreation')) await remove(before, context);
    const created = await context.limit(() =>
      object.metadata.name
        ? context.client.apply(object, { force: true, fieldManager: FIELD_MANAGER, dryRun: context.dryRun })
        : context.client.create(object, { fieldManager: FIELD_MANAGER, dryRun: context.dryRun }),
    );
    if (!context.dryRun) context.live.note(created);
    return { object: created, outcome: { ...about, action: 'created' } };
  } catch (error) {
    return { outcome: { ...about, action: 'failed', message: messageOf(error) } };
  }
}

/** Whether a hook has ended, and how. */
export function hookState(live: KubeObject | undefined): { done: boolean; failed: boolean; message?: string } {
  if (!live) return { done: true, failed: true, message: 'the hook was deleted before it ended' };
  const health = healthOf(live);
  if (!health || health.status === 'Healthy') return { done: true, failed: false };
  if (health.status === 'Degraded') return { done: true, failed: true, ...(health.message ? { message: health.message } : {}) };
  return { done: false, failed: false, ...(health.message ? { message: health.message } : {}) };
}

/** Deletes a hook that has ended, when its policy says so. */
export async function cleanUpHook(task: SyncTask, live: KubeObject, failed: boolean, context: SyncContext): Promise<void> {
  const policy = failed ? 'HookFailed' : 'HookSucceeded';
  if (task.hook?.deletePolicies.includes(policy)) await context.client.delete(refOf(live), { propagationPolicy: 'Background' });
}

async function remove(before: KubeObject, { client, live, signal }: SyncContext): Promise<void> {
  await client.delete(refOf(before), { propagationPolicy: 'Background' });
  await live.until(() => live.get(before)?.metadata.uid !== before.metadata.uid, { signal });
}

function marked(object: KubeObject, operationId: string): KubeObject {
  const annotations = { ...object.metadata.annotations, [OPERATION]: operationId };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
