// A resource as one API version serves it: its strategy, its schema and where its objects are stored.
import type { SchemaRules } from '../../expressions/index.ts';
import type { KindObject, KindStrategy } from '../../kinds/index.ts';
import type { TypeSchema } from '../../schema/index.ts';
import type { StoredRecord, StoreKey } from '../../store/index.ts';
import type { ResourceName } from '../status-error.ts';

export interface ServedResource {
  readonly strategy: KindStrategy;
  readonly schema: TypeSchema;
  /** GROUP/RESOURCE of the stored objects. */
  readonly collection: string;
  readonly name: ResourceName;
  /** Set for custom resources: unknown fields are pruned and there is no protobuf or strategic merge. */
  readonly custom?: CustomParts;
}

interface CustomParts {
  /** The definition's name. */
  definition: string;
  /** Unknown fields outside of preserving parts are dropped. */
  prunes: boolean;
  /** The schema as the definition has it, for OpenAPI. */
  openApi?: Record<string, unknown>;
  /** The rules of the schema, when it has any; released by whoever served the resource. */
  rules?: SchemaRules;
  /** The definition is being deleted: no new objects. */
  terminating: boolean;
}

export const keyOf = (resource: ServedResource, namespace: string, name: string): StoreKey => ({
  collection: resource.collection,
  namespace: resource.strategy.namespaced ? namespace : '',
  name,
});

function storesItsOwnVersion({ strategy }: ServedResource): boolean {
  return strategy.storage.version === strategy.version && strategy.storage.group === strategy.group;
}

const converted = new WeakMap<KindObject, Map<string, KindObject>>();

/** The object of a record in the version of `resource`. Shared: never mutate it. */
export function versioned(resource: ServedResource, record: StoredRecord): KindObject {
  const { object } = record;
  if (storesItsOwnVersion(resource) && object.apiVersion === resource.strategy.apiVersion) return object;
  let versions = converted.get(object);
  if (!versions) converted.set(object, (versions = new Map()));
  let other = versions.get(resource.strategy.apiVersion);
  if (!other) versions.set(resource.strategy.apiVersion, (other = resource.strategy.fromStorage(object)));
  return other;
}

/** The object of a record as JSON in the version of `resource`. */
export function versionedJson(resource: ServedResource, record: StoredRecord): string {
  const object = versioned(resource, record);
  return object === record.object ? record.json : JSON.stringify(object);
}
