// Deletes what an application deployed, before its finalizer lets the application itself go.
import { messageOf } from '../../core/index.ts';
import { refOf } from '../../kube/index.ts';
import { defaultSyncOptions, deletionOf, RESOURCES_FINALIZER, syncOptionsOf } from '../model/index.ts';
import { propagation } from '../sync/index.ts';
import type { AppState } from './app-state.ts';
import type { EngineContext } from './context.ts';
import { readKinds } from './read-status.ts';

/** Resolves when everything is gone and the finalizer is off. Runs again from the start after a failure. */
export async function deleteApplication(state: AppState, context: EngineContext): Promise<void> {
  const { client, live, keys, signal } = context;
  keys.delete(state.name);
  await live.ensure([...readKinds(state.object), ...[...(state.deployed?.items.values() ?? [])].map(({ object }) => object)]);
  const remaining = () =>
    live.ownedBy(state.name).filter(object => {
      const options = syncOptionsOf(object, state.application?.syncOptions ?? defaultSyncOptions);
      return options.delete && options.prune !== false;
    });
  try {
    await Promise.all(
      remaining()
        .filter(object => !object.metadata.deletionTimestamp)
        .map(object =>
          context.limit(() =>
            client.delete(refOf(object), { propagationPolicy: propagation(deletionOf(state.object) ?? 'foreground') }),
          ),
        ),
    );
    await live.until(() => remaining().length === 0, { signal });
    const { finalizers = [], resourceVersion } = state.object.metadata;
    await client.patch(
      refOf(state.object),
      { metadata: { resourceVersion, finalizers: finalizers.filter(name => !name.startsWith(RESOURCES_FINALIZER)) } },
      { type: 'merge' },
    );
  } catch (error) {
    signal.throwIfAborted();
    state.syncError = { type: 'DeletionError', message: messageOf(error) };
    await context.publish(state);
    // A moved object comes back as an event; anything else is tried again.
    context.requestRefreshIn(state.name, 1_000);
  }
}
