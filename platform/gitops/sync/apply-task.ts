// Brings one object to its wanted state, and tells what that took.
import type { ResourceOutcome } from '../../core/index.ts';
import { messageOf } from '../../core/index.ts';
import { isApiError, type KubeObject, refOf } from '../../kube/index.ts';
import { FIELD_MANAGER, removalPatch } from '../diff/index.ts';
import { resourceLabel } from '../model/index.ts';
import type { SyncContext, SyncTask } from './task.ts';

/** Never throws: a failure is an outcome. */
export async function applyTask(task: SyncTask, context: SyncContext): Promise<ResourceOutcome> {
  const outcome = await context.limit(() => attempt(task, context));
  context.report(outcome, task.object);
  return outcome;
}

async function attempt(task: SyncTask, context: SyncContext): Promise<ResourceOutcome> {
  const { object, refusal } = task;
  const about = {
    resource: resourceLabel(object),
    ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
  };
  if (refusal) return { ...about, action: 'failed', message: refusal };
  const before = context.live.get(object);
  if (before && !task.needsApply && task.foreign.length === 0) return { ...about, action: 'unchanged' };
  try {
    let { object: after, recreated } = await write(task, before, context);
    if (task.foreign.length > 0 && before && !recreated) after = await removeForeign(task, after, context);
    if (!context.dryRun) context.live.note(after);
    if (recreated) return { ...about, action: 'recreated' };
    if (!before) return { ...about, action: 'created' };
    const unchanged = context.dryRun
      ? !task.needsApply && task.foreign.length === 0
      : after.metadata.resourceVersion === before.metadata.resourceVersion;
    return { ...about, action: unchanged ? 'unchanged' : 'configured' };
  } catch (error) {
    return { ...about, action: 'failed', message: messageOf(error) };
  }
}

async function write(
  task: SyncTask,
  before: KubeObject | undefined,
  { client, dryRun, live, signal }: SyncContext,
): Promise<{ object: KubeObject; recreated: boolean }> {
  const { object, options, needsApply } = task;
  if (before && !needsApply) return { object: before, recreated: false };
  const how = { fieldManager: FIELD_MANAGER, dryRun };
  const apply = () => client.apply(object, { ...how, force: true });
  const recreate = async () => {
    if (before && !dryRun) {
      await client.delete(refOf(object), { propagationPolicy: 'Foreground' });
      await live.until(() => live.get(object)?.metadata.uid !== before.metadata.uid, { signal });
    }
    return { object: dryRun ? object : await apply(), recreated: true };
  };
  if (options.replace && options.force && before) return recreate();
  try {
    if (options.replace && before) {
      const metadata = { ...object.metadata, resourceVersion: before.metadata.resourceVersion };
      return { object: await client.update({ ...object, metadata }, how), recreated: false };
    }
    return { object: await apply(), recreated: false };
  } catch (error) {
    if (options.force && before && isApiError(error, 'Invalid')) return recreate();
    throw error;
  }
}

async function removeForeign(task: SyncTask, after: KubeObject, { client, dryRun }: SyncContext): Promise<KubeObject> {
  return client.patch(refOf(after), removalPatch(task.foreign), { type: 'json', fieldManager: FIELD_MANAGER, dryRun });
}
