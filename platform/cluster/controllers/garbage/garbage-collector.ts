// Deletes what has lost its last owner, holds owners back until their dependents are gone, and orphans what was asked to be kept.
import type { KubeObject } from '../../../kube/index.ts';
import { type ControllerHost, isNotFound, type ResourceType } from '../../controller-runtime/index.ts';
import type { Catalogue } from '../catalogue.ts';
import { FOREGROUND, type GraphObject, isDeletingDependents, ObjectGraph, ORPHAN } from './object-graph.ts';
import { sortOwners } from './owner-lookup.ts';

export function runGarbageCollector(host: ControllerHost, catalogue: Catalogue): void {
  const graph = new ObjectGraph();
  const followed = new Map<string, ResourceType>();
  const queue = host.queue({ name: 'garbage-collector', sync, concurrency: 16 });
  const kinds = host.queue({ name: 'garbage-collector kinds', sync: followKinds });
  catalogue.onChange(() => kinds.add('kinds'));
  kinds.add('kinds');

  async function followKinds(): Promise<void> {
    const served = new Map<string, ResourceType>();
    for (const { apiVersion, kind, plural, verbs } of await catalogue.resources()) {
      if (plural === 'events' || !['list', 'watch', 'delete'].every(verb => verbs.includes(verb))) continue;
      served.set(`${apiVersion}/${kind}`, { apiVersion, kind });
    }
    for (const [key, type] of served) {
      if (followed.has(key)) continue;
      followed.set(key, type);
      host.caches.of(type).onChange((next, previous) => follow(type, next, previous));
    }
    for (const [key, type] of followed) {
      if (served.has(key)) continue;
      followed.delete(key);
      host.caches.end(type);
    }
  }

  function follow(type: ResourceType, next: KubeObject | undefined, previous: KubeObject | undefined): void {
    if (next) seen({ ...type, metadata: next.metadata });
    else if (previous?.metadata.uid) forget(previous.metadata.uid);
  }

  function seen(object: KubeObject): void {
    const known = graph.put(object);
    if (
      known.owners.length > 0 ||
      (known.deleting && (known.finalizers.includes(ORPHAN) || known.finalizers.includes(FOREGROUND)))
    )
      queue.add(known.uid);
    wakeWaitingOwners(known);
  }

  function forget(uid: string): void {
    const object = graph.get(uid);
    graph.remove(uid);
    for (const dependent of graph.dependentsOf(uid)) queue.add(dependent.uid);
    if (object) wakeWaitingOwners(object);
  }

  function wakeWaitingOwners(object: GraphObject): void {
    for (const { uid } of object.owners) {
      const owner = graph.get(uid);
      if (owner && isDeletingDependents(owner)) queue.add(uid);
    }
  }

  async function sync(uid: string): Promise<void> {
    const object = graph.get(uid);
    if (!object) return;
    if (object.deleting) {
      if (object.finalizers.includes(ORPHAN)) await orphanDependents(object);
      else if (object.finalizers.includes(FOREGROUND)) await deleteDependents(object);
      return;
    }
    if (object.owners.length > 0) await judge(object);
  }

  async function judge(object: GraphObject): Promise<void> {
    const { solid, dangling, waiting } = await sortOwners(host, graph, object);
    const lost = [...dangling, ...waiting];
    if (solid.length > 0) {
      if (lost.length > 0) await dropOwners(object, new Set(lost.map(owner => owner.uid)));
      return;
    }
    if (lost.length === 0) return;
    const dependents = graph.dependentsOf(object.uid);
    if (waiting.length > 0 && dependents.length > 0) {
      // A circle of owners that wait for each other would never end.
      if (dependents.some(isDeletingDependents)) await unblockOwners(object);
      await remove(object, 'Foreground');
    } else if (object.finalizers.includes(ORPHAN)) await remove(object, 'Orphan');
    else await remove(object, object.finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background');
  }

  async function remove(object: GraphObject, propagationPolicy: 'Foreground' | 'Background' | 'Orphan'): Promise<void> {
    await host.caches.of(object).delete(asObject(object), { propagationPolicy });
  }

  async function deleteDependents(owner: GraphObject): Promise<void> {
    const blocking = graph
      .dependentsOf(owner.uid)
      .filter(dependent => dependent.owners.some(({ uid, blockOwnerDeletion }) => uid === owner.uid && blockOwnerDeletion));
    if (blocking.length === 0) return dropFinalizer(owner, FOREGROUND);
    for (const dependent of graph.dependentsOf(owner.uid)) if (!dependent.deleting) queue.add(dependent.uid);
  }

  async function orphanDependents(owner: GraphObject): Promise<void> {
    await Promise.all(graph.dependentsOf(owner.uid).map(dependent => dropOwners(dependent, new Set([owner.uid]))));
    await dropFinalizer(owner, ORPHAN);
  }

  async function dropOwners(object: GraphObject, uids: Set<string>): Promise<void> {
    const left = object.owners.filter(({ uid }) => !uids.has(uid));
    await patchMetadata(object, { ownerReferences: left.length > 0 ? left : null });
  }

  async function unblockOwners(object: GraphObject): Promise<void> {
    await patchMetadata(object, { ownerReferences: object.owners.map(owner => ({ ...owner, blockOwnerDeletion: false })) });
  }

  async function dropFinalizer(object: GraphObject, finalizer: string): Promise<void> {
    const left = object.finalizers.filter(each => each !== finalizer);
    await patchMetadata(object, { finalizers: left.length > 0 ? left : null });
  }

  async function patchMetadata(object: GraphObject, metadata: Record<string, unknown>): Promise<void> {
    const { uid, resourceVersion } = object;
    try {
      await host.caches.of(object).patch(asObject(object), { metadata: { uid, resourceVersion, ...metadata } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function asObject({ apiVersion, kind, name, namespace, uid }: GraphObject): KubeObject {
  return { apiVersion, kind, metadata: { name, uid, ...(namespace ? { namespace } : {}) } };
}
