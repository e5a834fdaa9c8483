// Acting as someone else: the Impersonate- headers, each allowed by a rule of its own.
import type { ApiRequest, UserInfo } from '../request-context.ts';
import { StatusError } from '../status-error.ts';
import { forbiddenAction } from './authorize.ts';
import type { RbacAuthorizer } from './rbac-authorizer.ts';
import type { Action } from './rules.ts';

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const EXTRA = 'impersonate-extra-';

const listOf = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '');

function actionFor(resource: string, name: string, { group = '', namespace = '', subresource = '' } = {}): Action {
  return { verb: 'impersonate', namespace, path: '', resource: { group, resource, subresource, name } };
}

/** The user that a request acts as. @throws StatusError 403, 500 when there is something to act as but no user */
export function impersonated(
  authorizer: RbacAuthorizer,
  requester: UserInfo,
  { headers, url: path }: Pick<ApiRequest, 'headers' | 'url'>,
): UserInfo {
  const name = headers['impersonate-user'];
  const groups = listOf(headers['impersonate-group']);
  const uid = headers['impersonate-uid'];
  const extra: Record<string, string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(EXTRA)) extra[decodeURIComponent(header.slice(EXTRA.length))] = listOf(value);
  }
  if (name === undefined || name === '') {
    const asked = [
      ...groups.map(group => `{Group  ${group}    }`),
      ...Object.entries(extra).flatMap(([key, values]) =>
        values.map(value => `{UserExtra  ${value}  authentication.k8s.io/v1  ${key}}`),
      ),
      ...(uid === undefined ? [] : [`{UID  ${uid}  authentication.k8s.io/v1  }`]),
    ];
    if (asked.length === 0) return requester;
    const message = `requested [${asked.join(' ')}] without impersonating a user`;
    throw new StatusError(500, message, { text: `Internal Server Error: ${JSON.stringify(path)}: ${message}\n` });
  }
  const account = SERVICE_ACCOUNT.exec(name);
  const actions: Action[] = [
    account ? actionFor('serviceaccounts', account[2] as string, { namespace: account[1] as string }) : actionFor('users', name),
    ...groups.map(group => actionFor('groups', group)),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map(value => actionFor('userextras', value, { group: 'authentication.k8s.io', subresource: key })),
    ),
    ...(uid === undefined ? [] : [actionFor('uids', uid, { group: 'authentication.k8s.io' })]),
  ];
  for (const action of actions) {
    const { allowed, reason } = authorizer.authorize(requester, action);
    if (!allowed) throw forbiddenAction(requester, action, reason);
  }
  return {
    name,
    groups: impersonatedGroups(name, groups, account),
    ...(uid === undefined ? {} : { uid }),
    ...(Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

function impersonatedGroups(name: string, groups: readonly string[], account: RegExpExecArray | null): string[] {
  const result = [...groups];
  if (groups.length === 0 && account) result.push('system:serviceaccounts', `system:serviceaccounts:${account[1] as string}`);
  if (name === 'system:anonymous') {
    if (!result.includes('system:unauthenticated')) result.push('system:unauthenticated');
  } else if (!result.includes('system:authenticated') && !result.includes('system:unauthenticated')) {
    result.push('system:authenticated');
  }
  return result;
}
