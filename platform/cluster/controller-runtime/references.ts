// Who controls whom: owner references, and how a controller adopts and releases what its selector says.
import type { KubeObject, OwnerReference } from '../../kube/index.ts';
import { isNotFound } from './api-errors.ts';
import type { ObjectCache } from './object-cache.ts';

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata.ownerReferences?.find(reference => reference.controller);
}

export function controllerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name ?? '',
    uid: owner.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}

/**
 * The objects that `owner` controls: those that it already controls and that still match, and orphans that match, which it adopts.
 * Those that no longer match are released. An owner that is being deleted adopts nothing.
 */
export async function claim<T extends KubeObject>(
  owner: KubeObject,
  cache: ObjectCache<T>,
  { matches, adopts = () => true }: { matches(object: T): boolean; adopts?(object: T): boolean },
): Promise<T[]> {
  const claimed: T[] = [];
  const { uid = '', namespace, deletionTimestamp } = owner.metadata;
  for (const object of cache.ownedBy(uid)) {
    if (controllerOf(object)?.uid !== uid) continue;
    if (matches(object)) claimed.push(object);
    else if (!deletionTimestamp) await release(owner, cache, object);
  }
  if (deletionTimestamp) return claimed;
  for (const object of cache.list(namespace)) {
    if (controllerOf(object) || object.metadata.deletionTimestamp || !matches(object) || !adopts(object)) continue;
    const adopted = await adopt(owner, cache, object);
    if (adopted) claimed.push(adopted);
  }
  return claimed;
}

async function adopt<T extends KubeObject>(owner: KubeObject, cache: ObjectCache<T>, object: T): Promise<T | undefined> {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerReference(owner)];
  try {
    return await cache.patch(object, {
      metadata: { uid: object.metadata.uid, resourceVersion: object.metadata.resourceVersion, ownerReferences },
    });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function release<T extends KubeObject>(owner: KubeObject, cache: ObjectCache<T>, object: T): Promise<void> {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(reference => reference.uid !== owner.metadata.uid);
  try {
    await cache.patch(object, {
      metadata: {
        uid: object.metadata.uid,
        resourceVersion: object.metadata.resourceVersion,
        ownerReferences: ownerReferences.length > 0 ? ownerReferences : null,
      },
    });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
