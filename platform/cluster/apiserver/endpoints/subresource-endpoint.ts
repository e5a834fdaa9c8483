// Subresources that are views of the object itself: status and a kind's own (finalize, approval, resize …).
import type { ApiParts } from '../api-parts.ts';
import { respondObject } from '../encoding/respond.ts';
import { readObject } from '../registry/decode.ts';
import { patchObject } from '../registry/patch.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { updateObject } from '../registry/update.ts';
import { writeOptions } from '../registry/write-request.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, methodNotAllowed, noSuchResource } from '../status-error.ts';
import { checkName, getObject, replacing } from './object-endpoints.ts';
import { bindPod } from './pod-binding.ts';
import { evictPod } from './pod-eviction.ts';
import { requestToken } from './token-request.ts';

const OWN: Record<string, (parts: ApiParts, context: RequestContext, resource: ServedResource) => Promise<ApiResponse>> = {
  '/pods/binding': bindPod,
  '/pods/eviction': evictPod,
  '/serviceaccounts/token': requestToken,
};

export async function serveSubresource(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name, subresource, verb } = context.info;
  const own = OWN[`${resource.collection}/${subresource}`];
  if (own) return own(parts, context, resource);
  if (subresource !== 'status' && !resource.strategy.updates[subresource]) throw noSuchResource();
  if (verb === 'get') return getObject(parts, context, resource);
  if (verb === 'update') {
    const options = writeOptions(context, 'UpdateOptions');
    const object = await readObject(context, resource, options);
    checkName(object, name);
    const change = replacing(object, resource, name);
    const updated = updateObject(parts, { context, resource, namespace, name, subresource, options, change });
    return respond(parts, context, resource, updated);
  }
  if (verb !== 'patch') throw methodNotAllowed();
  if (!name) throw badRequest('name must be provided');
  const { object } = await patchObject(parts, { context, resource, namespace, name, subresource });
  return respond(parts, context, resource, object);
}

async function respond(
  parts: ApiParts,
  context: RequestContext,
  resource: ServedResource,
  object: Parameters<typeof respondObject>[2],
): Promise<ApiResponse> {
  context.audit.uid = String(object.metadata['uid']);
  context.audit.resourceVersion = String(object.metadata['resourceVersion']);
  await parts.store.durable();
  return respondObject(context, resource, object);
}
