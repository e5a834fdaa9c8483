// Creates and deletes pods many at a time, carefully: a create that fails stops the ones that would fail alike.
import { messageOf } from '../../../core/index.ts';
import type { KubeObject } from '../../../kube/index.ts';
import { type ControllerHost, isNamespaceTerminating, type ObjectCache, type Pod } from '../../controller-runtime/index.ts';

interface PodBatchOptions {
  host: ControllerHost;
  pods: ObjectCache<Pod>;
  /** The events' source. */
  component: string;
  owner: KubeObject;
}

/** Creates the pods in batches of 1, 2, 4 … and stops at the first batch that has a failure. @throws that failure, unless the namespace is going. */
export async function createPods({ host, pods, component, owner }: PodBatchOptions, wanted: Pod[]): Promise<void> {
  for (let from = 0, size = 1; from < wanted.length; from += size, size *= 2) {
    const results = await Promise.allSettled(
      wanted.slice(from, from + size).map(async pod => {
        const { metadata } = await pods.create(pod);
        host.events.record(component, owner, { reason: 'SuccessfulCreate', message: `Created pod: ${metadata.name}` });
      }),
    );
    const failed = results.find(result => result.status === 'rejected');
    if (!failed) continue;
    if (isNamespaceTerminating(failed.reason)) return;
    host.events.record(component, owner, {
      type: 'Warning',
      reason: 'FailedCreate',
      message: `Error creating: ${messageOf(failed.reason)}`,
    });
    throw failed.reason;
  }
}

/** Deletes the pods at once. @throws the first failure */
export async function deletePods({ host, pods, component, owner }: PodBatchOptions, unwanted: Pod[]): Promise<void> {
  const results = await Promise.allSettled(
    unwanted.map(async pod => {
      await pods.delete(pod);
      host.events.record(component, owner, { reason: 'SuccessfulDelete', message: `Deleted pod: ${pod.metadata.name}` });
    }),
  );
  const failed = results.find(result => result.status === 'rejected');
  if (!failed) return;
  host.events.record(component, owner, {
    type: 'Warning',
    reason: 'FailedDelete',
    message: `Error deleting: ${messageOf(failed.reason)}`,
  });
  throw failed.reason;
}
