// Resources that are questions or commands and are never stored: reviews, bindings and component statuses.
import type { ApiParts } from '../api-parts.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import type { RequestInfo } from '../request-info.ts';
import { reviewAccess, reviewOwnRules } from './access-reviews.ts';
import { serveComponentStatuses } from './component-statuses.ts';
import { reviewSelf, reviewToken } from './identity-reviews.ts';
import { bindPod } from './pod-binding.ts';

interface VirtualEndpoint {
  /** POST alone. */
  createOnly: boolean;
  serve(parts: ApiParts, context: RequestContext): Promise<ApiResponse>;
}

const create = (serve: VirtualEndpoint['serve']): VirtualEndpoint => ({ createOnly: true, serve });

const ENDPOINTS: Record<string, VirtualEndpoint> = {
  '/bindings': create((parts, context) => bindPod(parts, context)),
  '/componentstatuses': { createOnly: false, serve: serveComponentStatuses },
  'authentication.k8s.io/tokenreviews': create(reviewToken),
  'authentication.k8s.io/selfsubjectreviews': create(reviewSelf),
  'authorization.k8s.io/subjectaccessreviews': create((parts, context) => reviewAccess(parts, context, 'SubjectAccessReview')),
  'authorization.k8s.io/localsubjectaccessreviews': create((parts, context) =>
    reviewAccess(parts, context, 'LocalSubjectAccessReview'),
  ),
  'authorization.k8s.io/selfsubjectaccessreviews': create((parts, context) =>
    reviewAccess(parts, context, 'SelfSubjectAccessReview'),
  ),
  'authorization.k8s.io/selfsubjectrulesreviews': create(reviewOwnRules),
};

export function virtualEndpoint({ group, resource }: RequestInfo): VirtualEndpoint | undefined {
  return ENDPOINTS[`${group}/${resource}`];
}
