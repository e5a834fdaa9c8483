// Updates an object: the new state from the old one, admission, ownership, validation, and no write when nothing changed.
import type { KindObject } from '../../kinds/index.ts';
import { type FieldError, keepManagedFieldsTimes } from '../../schema/index.ts';
import { StoreConflict, type StoredObject, type StoredRecord } from '../../store/index.ts';
import type { RequestContext } from '../request-context.ts';
import { invalid, modified, notFound } from '../status-error.ts';
import { checkNamespace, trackWrite } from './create.ts';
import type { AdmissionRequest, RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource, versioned } from './served-resource.ts';
import { restoreMetadata } from './system-fields.ts';
import type { WriteOptions } from './write-request.ts';

export interface UpdateRequest {
  context: RequestContext;
  resource: ServedResource;
  namespace: string;
  name: string;
  /** '' for the object itself. */
  subresource: string;
  options: WriteOptions;
  /** The wanted state, with defaults, from the current one (which it must not mutate). @throws StatusError */
  change(current: KindObject): KindObject;
  /** Set when managedFields are complete already: by server-side apply. */
  tracked?: boolean;
  /** The change is the server's own (a binding): what it sets is not checked against the rules for clients. */
  trusted?: boolean;
}

/** The stored object in the version of `resource`. @throws StatusError 404 when there is none. */
export function updateObject(parts: RegistryParts, request: UpdateRequest): KindObject {
  const { resource, namespace, name, context, options, subresource } = request;
  const { strategy } = resource;
  const key = keyOf(resource, namespace, name);
  const record = parts.store.get(key);
  if (!record) throw notFound(resource.name, name);
  const current = versioned(resource, record);
  const next = request.change(current);
  checkNamespace(resource, next, namespace);
  if (!next.metadata.resourceVersion && !strategy.allowUnconditionalUpdate) throw revisionNeeded(request);
  const wanted = next.metadata['resourceVersion'] as string | undefined;
  if (wanted && wanted !== record.object.metadata.resourceVersion) throw modified(resource.name, name);
  const admission: AdmissionRequest = {
    operation: 'update',
    resource,
    subresource,
    namespace,
    name,
    object: next,
    previous: current,
    dryRun: options.dryRun,
    context,
  };
  if (!request.tracked) trackWrite(request, next, { before: current, ...(subresource ? { subresource } : {}) });
  parts.admission.mutate(admission);
  const errors = prepare(request, next, current);
  if (errors.length > 0) throw invalid({ group: strategy.storage.group, kind: strategy.kind }, name, errors);
  parts.admission.validate(admission);
  parts.allocate(admission);
  if (!subresource) context.warnings.push(...strategy.warnings(next, current));
  if (keepManagedFieldsTimes(current, next)) return current;
  if (options.dryRun) return next;
  return write(parts, request, record, next, current);
}

function revisionNeeded({ resource, name }: UpdateRequest): Error {
  const detail = 'must be specified for an update';
  const errors: FieldError[] = [{ type: 'Invalid value', field: 'metadata.resourceVersion', badValue: 0, detail }];
  return invalid({ group: resource.name.group, kind: resource.name.resource }, name, errors);
}

function prepare(
  { resource, subresource, context, trusted }: UpdateRequest,
  next: KindObject,
  current: KindObject,
): FieldError[] {
  const { strategy } = resource;
  const metadata = next.metadata;
  if (current.metadata['generation'] === undefined) delete metadata['generation'];
  else metadata['generation'] = current.metadata['generation'];
  const writes = { now: context.now, user: context.user };
  const rules = strategy.updates[subresource];
  if (trusted) {
    restoreMetadata(next, current);
    metadata['resourceVersion'] ||= current.metadata['resourceVersion'];
    return [];
  }
  if (subresource === 'status') strategy.prepareForStatusUpdate(next, current, writes);
  else if (subresource && rules) rules.prepare(next, current);
  else strategy.prepareForUpdate(next, current, writes);
  restoreMetadata(next, current);
  if (!metadata['resourceVersion'] && strategy.allowUnconditionalUpdate)
    metadata['resourceVersion'] = current.metadata['resourceVersion'];
  if (subresource === 'status') return strategy.validateStatusUpdate(next, current);
  if (subresource && rules) return rules.validate(next, current);
  return strategy.validateUpdate(next, current);
}

/** The last finalizer of a terminating object has gone: it goes too. */
function isFinished(next: KindObject, current: KindObject): boolean {
  if (!current.metadata['deletionTimestamp']) return false;
  const finalizers = (next.metadata['finalizers'] as string[] | undefined) ?? [];
  if (finalizers.length > 0) return false;
  if (next.kind === 'Namespace' && next.apiVersion === 'v1') {
    const spec = next['spec'] as { finalizers?: string[] } | undefined;
    if ((spec?.finalizers ?? []).length > 0) return false;
  }
  const grace = current.metadata['deletionGracePeriodSeconds'];
  return grace === undefined || grace === 0;
}

function write(
  parts: RegistryParts,
  { resource, name, context }: UpdateRequest,
  record: StoredRecord,
  next: KindObject,
  current: KindObject,
): KindObject {
  const { strategy } = resource;
  try {
    if (isFinished(next, current)) {
      parts.store.delete(record.key, { expected: record.revision });
      return next;
    }
    const storable = strategy.toStorage(next) as StoredObject;
    const written = parts.store.put(record.key, storable, { expected: record.revision });
    context.audit.resourceVersion = String(written.revision);
    if (storable === next) return written.object;
    next.metadata['resourceVersion'] = written.object.metadata.resourceVersion;
    return next;
  } catch (error) {
    if (error instanceof StoreConflict) throw modified(resource.name, name);
    throw error;
  }
}
