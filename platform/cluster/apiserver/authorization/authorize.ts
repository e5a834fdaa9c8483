// The access check of a request, and its refusal in Kubernetes' words.

import type { RequestContext, UserInfo } from '../request-context.ts';
import type { RequestInfo } from '../request-info.ts';
import { qualified, type StatusDetails, StatusError } from '../status-error.ts';
import type { RbacAuthorizer } from './rbac-authorizer.ts';
import type { Action } from './rules.ts';

export function actionOf(info: RequestInfo): Action {
  const { verb, group, resource, subresource, name, namespace, path } = info;
  return {
    verb,
    namespace: info.isResource ? namespace : '',
    path,
    ...(info.isResource ? { resource: { group, resource, subresource, name } } : {}),
  };
}

function refusal(user: UserInfo, action: Action): string {
  const { resource, verb, namespace, path } = action;
  if (!resource) return `User "${user.name}" cannot ${verb} path "${path}"`;
  const what = resource.subresource === '' ? resource.resource : `${resource.resource}/${resource.subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return `User "${user.name}" cannot ${verb} resource "${what}" in API group "${resource.group}" ${where}`;
}

/** A 403 for this action. */
export function forbiddenAction(user: UserInfo, action: Action, reason: string): StatusError {
  const why = reason === '' ? refusal(user, action) : `${refusal(user, action)}: ${reason}`;
  const { resource } = action;
  if (!resource) return new StatusError(403, `forbidden: ${why}`, { reason: 'Forbidden', details: {} });
  const details: StatusDetails = {
    ...(resource.name ? { name: resource.name } : {}),
    ...(resource.group ? { group: resource.group } : {}),
    ...(resource.resource ? { kind: resource.resource } : {}),
  };
  const of = qualified(resource.group, resource.resource);
  const message = resource.name ? `${of} "${resource.name}" is forbidden: ${why}` : `${of} is forbidden: ${why}`;
  return new StatusError(403, message, { reason: 'Forbidden', details });
}

/** @throws StatusError 403 */
export function authorizeRequest(authorizer: RbacAuthorizer, { user, info }: Pick<RequestContext, 'user' | 'info'>): void {
  const action = actionOf(info);
  const { allowed, reason } = authorizer.authorize(user, action);
  if (!allowed) throw forbiddenAction(user, action, reason);
}
