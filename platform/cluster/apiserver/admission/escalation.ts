// Nobody grants rights that they do not hold: roles and bindings are checked against the writer's own rules.
import { equalValues } from '../../schema/index.ts';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.ts';
import { breakDown, covers, ruleText } from '../authorization/rule-cover.ts';
import type { PolicyRule } from '../authorization/rules.ts';
import type { AdmissionRequest } from '../registry/registry-parts.ts';
import type { UserInfo } from '../request-context.ts';
import { forbidden, notFound } from '../status-error.ts';

const GROUP = 'rbac.authorization.k8s.io';

function mayDo(
  authorizer: RbacAuthorizer,
  user: UserInfo,
  verb: string,
  { resource, namespace, name }: { resource: string; namespace: string; name: string },
): boolean {
  return authorizer.authorize(user, { verb, namespace, path: '', resource: { group: GROUP, resource, subresource: '', name } })
    .allowed;
}

/** @throws StatusError 403, or 404 when a binding's role does not exist */
export function checkEscalation(authorizer: RbacAuthorizer, request: AdmissionRequest): void {
  const { resource, object, previous, context, namespace, operation } = request;
  if (resource.strategy.group !== GROUP || !object || operation === 'delete') return;
  const { user } = context;
  if (user.groups.includes('system:masters')) return;
  const kind = resource.strategy.resource;
  const name = String(object.metadata['name'] ?? '');
  let rules: PolicyRule[];
  if (kind === 'roles' || kind === 'clusterroles') {
    if (
      previous &&
      equalValues(previous['rules'], object['rules']) &&
      equalValues(previous['aggregationRule'], object['aggregationRule'])
    )
      return;
    if (mayDo(authorizer, user, 'escalate', { resource: kind, namespace, name })) return;
    rules = (object['rules'] as PolicyRule[] | null | undefined) ?? [];
    if (object['aggregationRule']) rules = [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'] }];
  } else {
    if (previous && equalValues(previous['roleRef'], object['roleRef']) && equalValues(previous['subjects'], object['subjects']))
      return;
    const roleRef = object['roleRef'] as { kind: string; name: string } | undefined;
    if (!roleRef) return;
    const plural = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    if (mayDo(authorizer, user, 'bind', { resource: plural, namespace, name: roleRef.name })) return;
    const found = authorizer.rulesOf(roleRef, namespace);
    if (!found) throw notFound(resource.name, roleRef.name);
    rules = found;
  }
  const own = authorizer.rulesFor(user, namespace).rules;
  const lacking = breakDown(rules).filter(rule => !covers(own, rule));
  if (lacking.length === 0) return;
  const groups = user.groups.map(group => JSON.stringify(group)).join(' ');
  const who = `user "${user.name}" (groups=[${groups}])`;
  throw forbidden(
    resource.name,
    name,
    `${who} is attempting to grant RBAC permissions not currently held:\n${ruleText(lacking).join('\n')}`,
  );
}
