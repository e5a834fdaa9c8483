// Creates an object: admission, ownership, system fields, validation, allocation, store.
import type { KindObject } from '../../kinds/index.ts';
import { type FieldError, trackUpdate } from '../../schema/index.ts';
import { StoreConflict, type StoredObject } from '../../store/index.ts';
import type { RequestContext } from '../request-context.ts';
import { alreadyExists, badRequest, internal, invalid } from '../status-error.ts';
import type { AdmissionRequest, RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource } from './served-resource.ts';
import { fillNewMetadata, generatedName, rfc3339 } from './system-fields.ts';
import type { WriteOptions } from './write-request.ts';

export interface CreateRequest {
  context: RequestContext;
  resource: ServedResource;
  namespace: string;
  /** In the version of `resource`, with its defaults; becomes the registry's. */
  object: KindObject;
  options: WriteOptions;
  /** Set when managedFields are complete already: by server-side apply. */
  tracked?: boolean;
}

const NAME_TRIES = 8;

/** Sets or checks the namespace of a written object. @throws StatusError 400 when it contradicts the path. */
export function checkNamespace(resource: ServedResource, object: KindObject, namespace: string): void {
  const { metadata } = object;
  if (!resource.strategy.namespaced) {
    delete metadata['namespace'];
    return;
  }
  if (!metadata['namespace']) metadata['namespace'] = namespace;
  else if (metadata['namespace'] !== namespace)
    throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
}

/** Writes managedFields for a write by Update. Mutates `object`. */
export function trackWrite(
  { resource, options, context }: Pick<CreateRequest, 'resource' | 'options' | 'context'>,
  object: KindObject,
  { before, subresource }: { before?: KindObject; subresource?: string } = {},
): void {
  const managedFields = trackUpdate({
    schema: resource.schema,
    before,
    after: object,
    manager: options.fieldManager,
    apiVersion: resource.strategy.apiVersion,
    time: rfc3339(context.now),
    ...(subresource ? { subresource } : {}),
    ...resetFieldsOf(resource, subresource),
  });
  if (managedFields === undefined || managedFields.length === 0) delete object.metadata['managedFields'];
  else object.metadata['managedFields'] = managedFields;
}

/** What a write through this endpoint can't own, since the strategy takes it back. */
export function resetFieldsOf(
  { strategy }: ServedResource,
  subresource?: string,
): { resetFields: readonly (readonly string[])[] } {
  return { resetFields: subresource === 'status' ? strategy.resetFields.status : strategy.resetFields.update };
}

/** The stored object in the version of `resource`. @throws StatusError */
export function createObject(parts: RegistryParts, request: CreateRequest): KindObject {
  const { resource, context, namespace, object, options } = request;
  const { strategy } = resource;
  checkNamespace(resource, object, namespace);
  if (object.metadata['resourceVersion'] && !request.tracked)
    throw internal('resourceVersion should not be set on objects to be created');
  const admission: AdmissionRequest = {
    operation: 'create',
    resource,
    subresource: '',
    namespace,
    name: (object.metadata['name'] as string | undefined) ?? '',
    object,
    dryRun: options.dryRun,
    context,
  };
  // The field manager owns what it sent, not what admission adds.
  if (!request.tracked) trackWrite(request, object);
  parts.admission.mutate(admission);
  fillNewMetadata(object, context.now);
  const base = object.metadata['generateName'] as string | undefined;
  const generates = Boolean(base) && !object.metadata['name'];
  if (generates) {
    object.metadata['name'] = generatedName(base as string);
    strategy.applyDefaults(object);
  }
  strategy.prepareForCreate(object, { now: context.now, user: context.user });
  for (let tries = 1; ; tries++) {
    const name = object.metadata['name'] as string | undefined;
    const errors: FieldError[] = strategy.validateCreate(object);
    if (errors.length > 0) throw invalid({ group: strategy.storage.group, kind: strategy.kind }, name ?? '', errors);
    const key = keyOf(resource, namespace, name as string);
    const existing = parts.store.get(key);
    if (existing && generates && tries < NAME_TRIES) {
      object.metadata['name'] = generatedName(base as string);
      continue;
    }
    admission.name = name as string;
    parts.admission.validate(admission);
    if (existing)
      throw alreadyExists(resource.name, key.name, { terminating: existing.object.metadata['deletionTimestamp'] !== undefined });
    parts.allocate(admission);
    context.warnings.push(...strategy.warnings(object));
    return options.dryRun ? object : stored(parts, request, key);
  }
}

function stored(parts: RegistryParts, { resource, object }: CreateRequest, key: ReturnType<typeof keyOf>): KindObject {
  const storable = resource.strategy.toStorage(object) as StoredObject;
  try {
    const record = parts.store.put(key, storable, { expected: 0 });
    if (storable === object) return record.object;
    object.metadata['resourceVersion'] = record.object.metadata.resourceVersion;
    return object;
  } catch (error) {
    if (error instanceof StoreConflict) throw alreadyExists(resource.name, key.name);
    throw error;
  }
}
