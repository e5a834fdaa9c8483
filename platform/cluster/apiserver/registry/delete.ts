// Deletes an object: preconditions, grace, finalizers and propagation, as registry/generic's Store.Delete does.
import type { KindObject } from '../../kinds/index.ts';
import { StoreConflict, type StoredObject, type StoredRecord } from '../../store/index.ts';
import { CLEANUP_FINALIZER, DEFINITIONS } from '../custom/custom-resources.ts';
import type { RequestContext } from '../request-context.ts';
import { conflict, modified, notFound } from '../status-error.ts';
import type { DeleteOptions } from './delete-options.ts';
import { garbageFinalizers } from './garbage-finalizers.ts';
import type { RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource, versioned } from './served-resource.ts';
import { rfc3339 } from './system-fields.ts';

export interface DeleteRequest {
  context: RequestContext;
  resource: ServedResource;
  namespace: string;
  name: string;
  options: DeleteOptions;
}

export interface DeleteResult {
  /** The last or the marked state, in the version of the resource. */
  object: KindObject;
  /** False: the object is still there, marked as being deleted. */
  gone: boolean;
}

/** @throws StatusError 404, 409 when a precondition does not hold, whatever admission refuses. */
export function deleteObject(parts: RegistryParts, request: DeleteRequest): DeleteResult {
  const { resource, namespace, name, options, context } = request;
  const record = parts.store.get(keyOf(resource, namespace, name));
  if (!record) throw notFound(resource.name, name);
  const current = versioned(resource, record);
  checkPreconditions(request, current);
  parts.admission.validate({
    operation: 'delete',
    resource,
    subresource: '',
    namespace,
    name,
    previous: current,
    dryRun: options.dryRun,
    context,
  });
  if (!options.propagationPolicy && options.orphanDependents === undefined && resource.strategy.deletion.warning)
    context.warnings.push(resource.strategy.deletion.warning);
  context.audit.uid = String(current.metadata['uid']);
  if (resource.collection === '/namespaces') return deleteNamespace(parts, request, record);
  if (resource.collection === DEFINITIONS) return deleteDefinition(parts, request, record);
  return deleteGracefully(parts, request, record, current);
}

function checkPreconditions({ resource, name, options }: DeleteRequest, current: KindObject): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { group, kind } = resource.strategy;
  const about = { group, resource: kind };
  const { uid: actual, resourceVersion: version } = current.metadata;
  if (uid && uid !== actual)
    throw conflict(
      about,
      name,
      `the UID in the precondition (${uid}) does not match the UID in record (${String(actual)}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion && resourceVersion !== version)
    throw conflict(
      about,
      name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${String(version)}). The object might have been modified`,
    );
}

/** The period that applies, or undefined for kinds without graceful deletion. */
function gracePeriod({ resource, options }: DeleteRequest, current: KindObject): number | undefined {
  const own = resource.strategy.deletion.gracePeriodSeconds?.(current);
  if (own === undefined) return undefined;
  const wanted = options.gracePeriodSeconds ?? own;
  const pod = current as { spec?: { nodeName?: string }; status?: { phase?: string } };
  if (current.kind === 'Pod' && (!pod.spec?.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'))
    return 0;
  return wanted < 0 ? 1 : wanted;
}

const finalizersOf = (object: KindObject): string[] => (object.metadata['finalizers'] as string[] | undefined) ?? [];

function marked(current: KindObject, at: Date, seconds: number): KindObject {
  const metadata: KindObject['metadata'] = { ...current.metadata };
  metadata['deletionTimestamp'] = rfc3339(new Date(at.getTime() + seconds * 1000));
  metadata['deletionGracePeriodSeconds'] = seconds;
  const generation = metadata['generation'] as number | undefined;
  if (generation !== undefined && generation > 0) metadata['generation'] = generation + 1;
  return { ...current, metadata };
}

/** What grace asks for: `pending` when the deletion under way goes on as it is, else the marked object if it is to be marked. */
function applyGrace(request: DeleteRequest, current: KindObject): { pending?: true; graceful: boolean; object: KindObject } {
  const period = gracePeriod(request, current);
  if (period === undefined) return { graceful: false, object: current };
  const timestamp = current.metadata['deletionTimestamp'] as string | undefined;
  if (!timestamp) return { graceful: true, object: marked(current, request.context.now, period) };
  const before = current.metadata['deletionGracePeriodSeconds'] as number | undefined;
  if (before === undefined) return { graceful: false, object: current };
  const wanted = request.options.gracePeriodSeconds;
  if (wanted === undefined || wanted >= before) return { pending: true, graceful: false, object: current };
  const at = new Date(Date.parse(timestamp) - before * 1000);
  const shortened = marked(current, at, wanted);
  if (current.metadata['generation'] !== undefined) shortened.metadata['generation'] = current.metadata['generation'];
  return { graceful: true, object: shortened };
}

function deleteGracefully(parts: RegistryParts, request: DeleteRequest, record: StoredRecord, current: KindObject): DeleteResult {
  const grace = applyGrace(request, current);
  if (grace.pending) return { object: current, gone: false };
  let object = grace.object;
  const finalizers = garbageFinalizers(request.resource.strategy, finalizersOf(object), request.options);
  if (finalizers) {
    const metadata: KindObject['metadata'] = { ...object.metadata, finalizers };
    if (finalizers.length === 0) delete metadata['finalizers'];
    object = { ...object, metadata };
  }
  const pending = finalizersOf(object).length > 0;
  if (!grace.graceful && pending && !object.metadata['deletionTimestamp']) object = marked(object, request.context.now, 0);
  const seconds = grace.graceful ? (object.metadata['deletionGracePeriodSeconds'] as number) : 0;
  const stays = pending || seconds > 0;
  if (request.options.dryRun) return { object, gone: !stays };
  let latest = record;
  if (object !== current && (stays || grace.graceful)) latest = put(parts, request, record, object);
  if (stays) return { object: versioned(request.resource, latest), gone: false };
  return { object: versioned(request.resource, remove(parts, request, latest)), gone: true };
}

/** A namespace ends in phases: it goes when nothing is left in it and spec.finalizers is empty. */
function deleteNamespace(parts: RegistryParts, request: DeleteRequest, record: StoredRecord): DeleteResult {
  const current = record.object as KindObject;
  const spec = current['spec'] as { finalizers?: string[] } | undefined;
  if (current.metadata['deletionTimestamp']) {
    if ((spec?.finalizers ?? []).length > 0 || finalizersOf(current).length > 0) return { object: current, gone: false };
    if (request.options.dryRun) return { object: current, gone: true };
    return { object: remove(parts, request, record).object, gone: true };
  }
  const metadata: KindObject['metadata'] = { ...current.metadata, deletionTimestamp: rfc3339(request.context.now) };
  const finalizers = garbageFinalizers(request.resource.strategy, finalizersOf(current), request.options);
  if (finalizers && finalizers.length > 0) metadata['finalizers'] = finalizers;
  const object: KindObject = { ...current, metadata, status: { ...(current['status'] as object), phase: 'Terminating' } };
  const stays = (spec?.finalizers ?? []).length > 0 || finalizersOf(object).length > 0;
  if (request.options.dryRun) return { object, gone: !stays };
  if (!stays) return { object: remove(parts, request, record).object, gone: true };
  return { object: put(parts, request, record, object).object, gone: false };
}

/** A definition goes when its objects have gone. */
function deleteDefinition(parts: RegistryParts, request: DeleteRequest, record: StoredRecord): DeleteResult {
  const current = record.object as KindObject;
  if (current.metadata['deletionTimestamp']) return { object: current, gone: false };
  const now = rfc3339(request.context.now);
  const finalizers = [...new Set([...finalizersOf(current), CLEANUP_FINALIZER])];
  const status = (current['status'] ?? {}) as { conditions?: { type: string }[] | null };
  const terminating = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    lastTransitionTime: now,
  };
  const conditions = [...(status.conditions ?? []).filter(({ type }) => type !== 'Terminating'), terminating];
  const object: KindObject = {
    ...current,
    metadata: { ...current.metadata, deletionTimestamp: now, finalizers },
    status: { ...status, conditions },
  };
  if (request.options.dryRun) return { object, gone: false };
  return { object: put(parts, request, record, object).object, gone: false };
}

function put(
  parts: RegistryParts,
  { resource, name, context }: DeleteRequest,
  record: StoredRecord,
  object: KindObject,
): StoredRecord {
  try {
    const storable = resource.strategy.toStorage({ ...object, metadata: { ...object.metadata } }) as StoredObject;
    const written = parts.store.put(record.key, storable, { expected: record.revision });
    context.audit.resourceVersion = String(written.revision);
    return written;
  } catch (error) {
    if (error instanceof StoreConflict) throw error.current ? modified(resource.name, name) : notFound(resource.name, name);
    throw error;
  }
}

function remove(parts: RegistryParts, { resource, name }: DeleteRequest, record: StoredRecord): StoredRecord {
  try {
    return parts.store.delete(record.key, { expected: record.revision });
  } catch (error) {
    if (error instanceof StoreConflict) throw error.current ? modified(resource.name, name) : notFound(resource.name, name);
    throw error;
  }
}
