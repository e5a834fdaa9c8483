// Subresources that connect to a pod: the log, the streams that need an upgrade, and the proxies.
import type { ApiParts } from '../api-parts.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, methodNotAllowed } from '../status-error.ts';
import { serveLog } from './pod-log.ts';
import { findPod, targetOf } from './pod-target.ts';
import { proxyToPod, proxyToService } from './proxy.ts';

type ConnectEndpoint = (parts: ApiParts, context: RequestContext, resource: ServedResource) => Promise<ApiResponse>;

/** Without an upgrade there is nothing to stream over; what is wrong with the request itself is said first. */
const upgradeNeeded: ConnectEndpoint = async (parts, context, resource) => {
  if (context.info.verb !== 'get' && context.info.verb !== 'create') throw methodNotAllowed();
  const pod = findPod(parts, context, resource);
  if (context.info.subresource !== 'portforward') targetOf(pod, context.info.query.get('container'));
  if (!pod.spec.nodeName) throw badRequest(`pod ${context.info.name} does not have a host assigned`);
  throw badRequest('Upgrade request required');
};

export const connectEndpoints: Record<string, ConnectEndpoint> = {
  '/pods/log': serveLog,
  '/pods/exec': upgradeNeeded,
  '/pods/attach': upgradeNeeded,
  '/pods/portforward': upgradeNeeded,
  '/pods/proxy': proxyToPod,
  '/services/proxy': proxyToService,
};
