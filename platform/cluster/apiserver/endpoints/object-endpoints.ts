// The verbs of ordinary resources: each reads its options and body, calls the registry, and shapes the answer.
import type { KindObject } from '../../kinds/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { respondDocument, respondList, respondObject } from '../encoding/respond.ts';
import { prepareExpressions } from '../expressions/checked-kinds.ts';
import { createObject } from '../registry/create.ts';
import { readObject } from '../registry/decode.ts';
import { deleteObject } from '../registry/delete.ts';
import { deleteOptions } from '../registry/delete-options.ts';
import { listRecords } from '../registry/list.ts';
import { listOptions, revisionOf } from '../registry/list-options.ts';
import { patchObject } from '../registry/patch.ts';
import { selectionOf } from '../registry/selection.ts';
import { keyOf, type ServedResource, versioned } from '../registry/served-resource.ts';
import { updateObject } from '../registry/update.ts';
import { watchResource } from '../registry/watch.ts';
import { writeOptions } from '../registry/write-request.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, deleted, methodNotAllowed, notFound, StatusError } from '../status-error.ts';

export async function serveObjects(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  switch (context.info.verb) {
    case 'get':
      return getObject(parts, context, resource);
    case 'list':
      return list(parts, context, resource);
    case 'watch':
      return watchResource(parts.store, context, resource);
    case 'create':
      return create(parts, context, resource);
    case 'update':
      return update(parts, context, resource);
    case 'patch':
      return patch(parts, context, resource);
    case 'delete':
      return remove(parts, context, resource);
    case 'deletecollection':
      return removeCollection(parts, context, resource);
    default:
      throw methodNotAllowed();
  }
}

/** GET of one object, or of a subresource that shows the object itself. */
export async function getObject(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name, query } = context.info;
  revisionOf(query.get('resourceVersion') ?? '');
  const record = parts.store.get(keyOf(resource, namespace, name));
  if (!record) throw notFound(resource.name, name);
  await parts.store.durable(record.revision);
  return respondObject(context, resource, versioned(resource, record));
}

async function list(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { query, namespace } = context.info;
  const options = listOptions(query, { watch: false });
  const selection = selectionOf(resource, query);
  const result = listRecords(parts.store, resource, { namespace, options, selection });
  await parts.store.durable(result.revision);
  return respondList(context, resource, result);
}

function note(context: RequestContext, object: KindObject): void {
  context.audit.name = object.metadata['name'] as string;
  context.audit.uid = object.metadata['uid'] as string;
  context.audit.resourceVersion = object.metadata['resourceVersion'] as string;
}

async function create(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const options = writeOptions(context, 'CreateOptions');
  const object = await readObject(context, resource, options);
  await prepareExpressions(parts.expressions, resource, object);
  const created = createObject(parts, { context, resource, namespace: context.info.namespace, object, options });
  note(context, created);
  await parts.store.durable();
  return respondObject(context, resource, created, 201);
}

async function update(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name } = context.info;
  const options = writeOptions(context, 'UpdateOptions');
  const object = await readObject(context, resource, options);
  checkName(object, name);
  await prepareExpressions(parts.expressions, resource, object);
  const exists = parts.store.get(keyOf(resource, namespace, name)) !== undefined;
  if (!exists && resource.strategy.allowCreateOnUpdate) {
    delete object.metadata['resourceVersion'];
    const created = createObject(parts, { context, resource, namespace, object, options });
    note(context, created);
    await parts.store.durable();
    return respondObject(context, resource, created, 201);
  }
  const change = replacing(object, resource, name);
  const updated = updateObject(parts, { context, resource, namespace, name, subresource: '', options, change });
  note(context, updated);
  await parts.store.durable();
  return respondObject(context, resource, updated);
}

/** @throws StatusError 400 when the object has no name or another one than the path */
export function checkName(object: KindObject, name: string): void {
  const given = object.metadata['name'];
  if (!given) throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  if (given !== name) throw badRequest(`the name of the object (${String(given)}) does not match the name on the URL (${name})`);
}

/** The change of a PUT: the body as it is, if it means the same object. */
export function replacing(object: KindObject, resource: ServedResource, name: string): (current: KindObject) => KindObject {
  return current => {
    const { uid } = object.metadata;
    if (uid && uid !== current.metadata['uid']) {
      const { group, resource: plural } = resource.name;
      const key = `/registry/${plural}/${String(current.metadata['namespace'] ?? '')}/${name}`.replace('//', '/');
      const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${String(uid)}, UID in object meta: ${String(current.metadata['uid'])}`;
      const of = group === '' ? plural : `${plural}.${group}`;
      throw new StatusError(409, `Operation cannot be fulfilled on ${of} "${name}": ${why}`, {
        reason: 'Conflict',
        details: { name, kind: plural, ...(group ? { group } : {}) },
      });
    }
    return object;
  };
}

async function patch(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name } = context.info;
  const { object, created } = await patchObject(parts, { context, resource, namespace, name, subresource: '' });
  note(context, object);
  await parts.store.durable();
  return respondObject(context, resource, object, created ? 201 : 200);
}

async function remove(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name } = context.info;
  const options = await deleteOptions(context);
  const { object, gone } = deleteObject(parts, { context, resource, namespace, name, options });
  await parts.store.durable();
  const status = !gone && options.orphanDependents === false ? 202 : 200;
  if (gone && !resource.strategy.deletion.returnsObject)
    return respondDocument(context, deleted(resource.name, name, String(object.metadata['uid'])), status);
  return respondObject(context, resource, object, status);
}

async function removeCollection(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { query, namespace } = context.info;
  const options = await deleteOptions(context);
  const listing = listOptions(query, { watch: false });
  const result = listRecords(parts.store, resource, { namespace, options: listing, selection: selectionOf(resource, query) });
  for (const { key } of result.records) {
    try {
      deleteObject(parts, { context, resource, namespace: key.namespace, name: key.name, options });
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 404) throw error;
    }
  }
  await parts.store.durable();
  return respondList(context, resource, result);
}
