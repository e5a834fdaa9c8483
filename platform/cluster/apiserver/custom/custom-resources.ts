// Custom resources come and go with their definitions: names accepted, versions served, everything removed at the end.
import type { Clock } from '../../../core/index.ts';
import type { Expressions } from '../../expressions/index.ts';
import { builtinSchema, equalValues, trackUpdate } from '../../schema/index.ts';
import type { Store, StoredObject, StoredRecord } from '../../store/index.ts';
import type { ResourceTable } from '../registry/resource-table.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import { acceptNames, type Definition, isTrue } from './definition-names.ts';
import { servedVersions } from './served-versions.ts';

export const DEFINITIONS = 'apiextensions.k8s.io/customresourcedefinitions';
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

interface CustomResourceParts {
  store: Store;
  resources: ResourceTable;
  expressions: Expressions;
  clock: Clock;
  signal: AbortSignal;
}

export class CustomResources {
  readonly #parts: CustomResourceParts;
  readonly #ending = new Map<string, AbortController>();

  constructor(parts: CustomResourceParts) {
    this.#parts = parts;
  }

  /** Serves what is defined already and follows every change until the signal aborts. */
  start(): void {
    const { store, signal } = this.#parts;
    for (const record of store.list(DEFINITIONS)) this.#reconcile(record);
    store.watch(DEFINITIONS, { since: store.revision, signal }, event => {
      if (event.type !== 'deleted') this.#reconcile(event.record);
      else this.#serve(event.record.key.name, []);
    });
  }

  /** Serves these instead of what the definition served before. */
  #serve(definition: string, served: readonly ServedResource[]): void {
    const { resources } = this.#parts;
    const before = resources.custom().filter(({ custom }) => custom?.definition === definition);
    resources.setCustom(definition, served);
    for (const { custom } of before) custom?.rules?.release();
  }

  #reconcile(record: StoredRecord): void {
    const current = this.#parts.store.get(record.key);
    if (!current || current.revision !== record.revision) return;
    const definition = current.object as unknown as Definition;
    if (definition.metadata.deletionTimestamp) this.#end(current, definition);
    else this.#accept(current, definition);
  }

  #accept(record: StoredRecord, definition: Definition): void {
    const { store, expressions, clock } = this.#parts;
    const others = store
      .list(DEFINITIONS)
      .map(other => other.object as unknown as Definition)
      .filter(other => other.metadata.name !== definition.metadata.name && other.spec.group === definition.spec.group);
    const status = acceptNames(definition, others, rfc3339(clock.now()));
    if (isTrue(status.conditions, 'Established'))
      this.#serve(definition.metadata.name, servedVersions({ ...definition, status }, expressions));
    if (!equalValues(status, definition.status)) this.#writeStatus(record, status);
  }

  #writeStatus(record: StoredRecord, status: object): void {
    const { store, clock } = this.#parts;
    const next = { ...record.object, metadata: { ...record.object.metadata }, status } as StoredObject;
    const schema = builtinSchema('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition');
    if (schema) {
      const managedFields = trackUpdate({
        schema,
        before: record.object,
        after: next,
        manager: 'kube-apiserver',
        apiVersion: 'apiextensions.k8s.io/v1',
        subresource: 'status',
        time: rfc3339(clock.now()),
      });
      if (managedFields) next.metadata['managedFields'] = managedFields;
    }
    store.put(record.key, next, { expected: record.revision });
  }

  /** Deletes the objects, and the definition when none is left. */
  #end(record: StoredRecord, { spec, metadata }: Definition): void {
    const { store, expressions, signal, clock } = this.#parts;
    this.#serve(metadata.name, []);
    const collection = `${spec.group}/${spec.names.plural}`;
    for (const object of store.list(collection)) {
      const finalizers = (object.object.metadata['finalizers'] as string[] | undefined) ?? [];
      if (finalizers.length === 0) store.delete(object.key);
      else if (!object.object.metadata['deletionTimestamp']) {
        const marked = { ...object.object.metadata, deletionTimestamp: rfc3339(clock.now()), deletionGracePeriodSeconds: 0 };
        store.put(object.key, { ...object.object, metadata: marked } as StoredObject);
      }
    }
    if (store.list(collection).length > 0) {
      // Objects with finalizers stay reachable, so that their owners can let them go.
      const ending = servedVersions(record.object as unknown as Definition, expressions, { terminating: true });
      this.#serve(metadata.name, ending);
      this.#await(record, collection, signal);
      return;
    }
    this.#ending.get(metadata.name)?.abort();
    this.#ending.delete(metadata.name);
    this.#serve(metadata.name, []);
    const others = ((record.object.metadata['finalizers'] as string[] | undefined) ?? []).filter(
      finalizer => finalizer !== CLEANUP_FINALIZER,
    );
    if (others.length === 0) store.delete(record.key, { expected: record.revision });
    else if (others.length < ((record.object.metadata['finalizers'] as string[]) ?? []).length)
      store.put(record.key, { ...record.object, metadata: { ...record.object.metadata, finalizers: others } } as StoredObject, {
        expected: record.revision,
      });
  }

  #await(record: StoredRecord, collection: string, signal: AbortSignal): void {
    const { store } = this.#parts;
    if (this.#ending.has(record.key.name)) return;
    const waiting = new AbortController();
    this.#ending.set(record.key.name, waiting);
    signal.addEventListener('abort', () => waiting.abort(), { once: true, signal: waiting.signal });
    store.watch(collection, { since: store.revision, signal: waiting.signal }, () => {
      const current = store.get(record.key);
      if (current && store.list(collection).length === 0) this.#end(current, current.object as unknown as Definition);
    });
  }
}
