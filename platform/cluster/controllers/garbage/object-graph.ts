// Who owns whom, over every kind: fed by the caches, read by the garbage collector. Holds no content of objects, only their metadata.
import type { KubeObject, OwnerReference } from '../../../kube/index.ts';
import type { ResourceType } from '../../controller-runtime/index.ts';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

const REMEMBERED_GONE = 20_000;

export interface GraphObject extends ResourceType {
  uid: string;
  name: string;
  namespace?: string;
  resourceVersion: string;
  owners: OwnerReference[];
  finalizers: string[];
  deleting: boolean;
}

export function isDeletingDependents(object: GraphObject): boolean {
  return object.deleting && object.finalizers.includes(FOREGROUND);
}

export class ObjectGraph {
  readonly #objects = new Map<string, GraphObject>();
  readonly #dependents = new Map<string, Set<string>>();
  readonly #gone = new Set<string>();

  get(uid: string): GraphObject | undefined {
    return this.#objects.get(uid);
  }

  dependentsOf(uid: string): GraphObject[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap(dependent => this.#objects.get(dependent) ?? []);
  }

  /** True when an object with this uid was seen to go, or was looked up and not found. Uids never come back. */
  isGone(uid: string): boolean {
    return this.#gone.has(uid);
  }

  markGone(uid: string): void {
    this.#gone.add(uid);
    if (this.#gone.size > REMEMBERED_GONE) for (const oldest of this.#gone) return void this.#gone.delete(oldest);
  }

  put(object: KubeObject): GraphObject {
    const {
      uid = '',
      name = '',
      namespace,
      resourceVersion = '',
      ownerReferences = [],
      finalizers = [],
      deletionTimestamp,
    } = object.metadata;
    this.#unlink(uid);
    const known: GraphObject = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      uid,
      name,
      ...(namespace ? { namespace } : {}),
      resourceVersion,
      owners: ownerReferences,
      finalizers,
      deleting: deletionTimestamp !== undefined && deletionTimestamp !== null,
    };
    this.#objects.set(uid, known);
    for (const owner of ownerReferences) {
      let dependents = this.#dependents.get(owner.uid);
      if (!dependents) this.#dependents.set(owner.uid, (dependents = new Set()));
      dependents.add(uid);
    }
    return known;
  }

  remove(uid: string): void {
    this.#unlink(uid);
    this.#objects.delete(uid);
    this.markGone(uid);
  }

  #unlink(uid: string): void {
    for (const owner of this.#objects.get(uid)?.owners ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}
