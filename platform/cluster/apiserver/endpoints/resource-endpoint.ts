// Finds who serves a resource path: a kind's own endpoint, one of its subresources, or nobody.
import type { ApiParts } from '../api-parts.ts';
import { negotiate } from '../encoding/negotiation.ts';
import { encode } from '../encoding/respond.ts';
import { serveScale } from '../registry/scale.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { methodNotAllowed, noSuchResource, notFound } from '../status-error.ts';
import { serveObjects } from './object-endpoints.ts';
import { connectEndpoints } from './pod-streams.ts';
import { serveSubresource } from './subresource-endpoint.ts';
import { pageNotFound } from './text.ts';
import { virtualEndpoint } from './virtual-endpoints.ts';

const WITH_NAME = new Set(['get', 'update', 'patch', 'delete']);

export async function serveResource(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const { info, request } = context;
  const { group, version, resource: plural, subresource, namespace, name, verb } = info;
  if (!parts.resources.servesVersion(group, version)) return pageNotFound();
  const resource = parts.resources.find(group, version, plural);
  const virtual = virtualEndpoint(info);
  if (!resource && !virtual) throw noSuchResource();
  if (request.method === 'HEAD' || request.method === 'OPTIONS') throw methodNotAllowed();
  if (virtual && !subresource) {
    if (verb !== 'create' && virtual.createOnly) throw methodNotAllowed();
    return virtual.serve(parts, context);
  }
  if (!resource) throw noSuchResource();
  if (resource.custom && !isRouted(resource, context)) return pageNotFound();
  if (resource.strategy.deprecation) context.warnings.push(resource.strategy.deprecation);
  if (!isRouted(resource, context)) throw noSuchResource();
  if (subresource) return serveNested(parts, context, resource);
  const allowed = verb === 'watch' || resource.strategy.verbs.includes(verb);
  if (!allowed || (resource.strategy.namespaced && namespace === '' && (verb === 'create' || verb === 'deletecollection')))
    throw methodNotAllowed();
  if (!name && WITH_NAME.has(verb)) throw methodNotAllowed();
  if (name && verb === 'create') throw methodNotAllowed();
  return serveObjects(parts, context, resource);
}

/** False for paths that no route has: a name without its namespace, or a namespace before a cluster-wide kind. */
function isRouted({ strategy, collection }: ServedResource, { info }: RequestContext): boolean {
  const named = info.verb !== 'list' && info.verb !== 'watch' && info.name !== '';
  if (strategy.namespaced) return info.namespace !== '' || !named;
  return info.namespace === '' || (collection === '/namespaces' && info.namespace === info.name);
}

async function serveNested(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { subresource, verb } = context.info;
  const known = resource.strategy.subresources.find(({ name }) => name === subresource);
  if (!known) throw resource.custom ? notFound(resource.name, context.info.name) : noSuchResource();
  const connect = connectEndpoints[`${resource.collection}/${subresource}`];
  if (connect) return connect(parts, context, resource);
  if (!known.verbs.includes(verb)) throw methodNotAllowed();
  if (subresource === 'scale') {
    const scale = await serveScale(parts, context, resource);
    await parts.store.durable();
    context.audit.resourceVersion = String(scale.metadata['resourceVersion']);
    return encode(scale, negotiate(context.request.headers['accept'], context.info.query));
  }
  return serveSubresource(parts, context, resource);
}
