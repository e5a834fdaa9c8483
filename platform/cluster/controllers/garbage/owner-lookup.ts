// Tells the owners of an object apart: those that live, those that are gone, those that wait for it to go.
import type { OwnerReference } from '../../../kube/index.ts';
import type { ControllerHost } from '../../controller-runtime/index.ts';
import { type GraphObject, isDeletingDependents, type ObjectGraph } from './object-graph.ts';

interface SortedOwners {
  solid: OwnerReference[];
  dangling: OwnerReference[];
  waiting: OwnerReference[];
}

/** An owner that the graph does not know is asked of the API before it counts as gone. */
export async function sortOwners(host: ControllerHost, graph: ObjectGraph, object: GraphObject): Promise<SortedOwners> {
  const sorted: SortedOwners = { solid: [], dangling: [], waiting: [] };
  for (const reference of object.owners) {
    const owner = graph.get(reference.uid);
    if (owner && belongs(owner, object)) sorted[isDeletingDependents(owner) ? 'waiting' : 'solid'].push(reference);
    else if (!owner && graph.isGone(reference.uid)) sorted.dangling.push(reference);
    else sorted[(await isAlive(host, graph, { reference, object })) ? 'solid' : 'dangling'].push(reference);
  }
  return sorted;
}

// An owner in another namespace is none, whatever its uid.
function belongs(owner: GraphObject, object: GraphObject): boolean {
  return owner.namespace === undefined || owner.namespace === object.namespace;
}

async function isAlive(
  host: ControllerHost,
  graph: ObjectGraph,
  { reference, object }: { reference: OwnerReference; object: GraphObject },
): Promise<boolean> {
  const { apiVersion, kind, name, uid } = reference;
  const { namespaced } = await host.client.resource({ apiVersion, kind });
  if (namespaced && !object.namespace) return false;
  const live = await host.client.get({ apiVersion, kind, name, ...(namespaced ? { namespace: object.namespace } : {}) });
  if (live?.metadata.uid === uid) return true;
  // A reference may name the wrong object for a uid that lives elsewhere.
  if (!graph.get(uid)) graph.markGone(uid);
  return false;
}
