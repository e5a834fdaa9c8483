// The `authorizer` variable of expressions, answered by the server's own authorizer.
import type { AccessQuestion } from '../../expressions/index.ts';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.ts';

export function authorizeExpression(authorizer: RbacAuthorizer, asked: AccessQuestion): { allowed: boolean; reason: string } {
  const { user, uid, groups, extra, verb, namespace, path, group, resource, subresource, name } = asked;
  const who = { name: user, groups: groups ?? [], ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
  return authorizer.authorize(who, {
    verb,
    namespace,
    path,
    ...(asked.isResource ? { resource: { group, resource, subresource, name } } : {}),
  });
}
