// Role-based access control: bindings of a user, the rules behind them, and the decision. Reads the store, keeps nothing.
import type { KindObject } from '../../kinds/index.ts';
import type { Store, StoredRecord } from '../../store/index.ts';
import type { UserInfo } from '../request-context.ts';
import { type Action, allows, type PolicyRule } from './rules.ts';

export interface Decision {
  allowed: boolean;
  reason: string;
}

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

interface RoleRef {
  kind: string;
  name: string;
}

export interface GrantedRules {
  rules: PolicyRule[];
  /** Bindings whose role does not exist, worded for the refusal. */
  errors: string[];
}

const GROUP = 'rbac.authorization.k8s.io';
const BYPASS = 'system:masters';

/** The user name of a service account. */
export const serviceAccountUser = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

export class RbacAuthorizer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  authorize(user: UserInfo, action: Action): Decision {
    if (user.groups.includes(BYPASS)) return { allowed: true, reason: '' };
    const errors: string[] = [];
    for (const { rules, by } of this.#grants(user, action.namespace, errors)) {
      if (rules.some(rule => allows(rule, action))) return { allowed: true, reason: by };
    }
    return { allowed: false, reason: errors.length === 0 ? '' : `RBAC: ${aggregate(errors)}` };
  }

  /** All rules that apply to the user in a namespace ('' for cluster-wide ones alone). */
  rulesFor(user: UserInfo, namespace: string): GrantedRules {
    const errors: string[] = [];
    const rules = [...this.#grants(user, namespace, errors)].flatMap(grant => grant.rules);
    return { rules, errors };
  }

  /** The rules of a role; undefined when it does not exist. */
  rulesOf({ kind, name }: RoleRef, namespace: string): PolicyRule[] | undefined {
    const resource = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    const record = this.#store.get({
      collection: `${GROUP}/${resource}`,
      namespace: kind === 'ClusterRole' ? '' : namespace,
      name,
    });
    return record && ((record.object['rules'] as PolicyRule[] | null) ?? []);
  }

  *#grants(user: UserInfo, namespace: string, errors: string[]): Generator<{ rules: PolicyRule[]; by: string }> {
    yield* this.#bound(this.#store.list(`${GROUP}/clusterrolebindings`), user, '', errors);
    if (namespace !== '') yield* this.#bound(this.#store.list(`${GROUP}/rolebindings`, namespace), user, namespace, errors);
  }

  *#bound(records: readonly StoredRecord[], user: UserInfo, namespace: string, errors: string[]) {
    for (const { object, key } of records) {
      const subjects = (object['subjects'] as Subject[] | undefined) ?? [];
      const subject = subjects.find(candidate => applies(candidate, user, namespace));
      if (!subject) continue;
      const roleRef = object['roleRef'] as RoleRef;
      const rules = this.rulesOf(roleRef, namespace);
      if (!rules) errors.push(missing(roleRef));
      else yield { rules, by: reasonOf(object as KindObject, key.namespace, key.name, roleRef, subject) };
    }
  }
}

function missing({ kind, name }: RoleRef): string {
  const resource = kind === 'ClusterRole' ? 'clusterrole' : 'role';
  return `${resource}.${GROUP} "${name}" not found`;
}

function aggregate(errors: readonly string[]): string {
  const unique = [...new Set(errors)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

function applies({ kind, name, namespace: own }: Subject, user: UserInfo, namespace: string): boolean {
  if (kind === 'User') return user.name === name;
  if (kind === 'Group') return user.groups.includes(name);
  if (kind !== 'ServiceAccount') return false;
  const of = own || namespace;
  return of !== '' && user.name === serviceAccountUser(of, name);
}

function reasonOf(binding: KindObject, namespace: string, name: string, roleRef: RoleRef, subject: Subject): string {
  const of = namespace === '' ? `"${name}"` : `"${name}/${namespace}"`;
  const who =
    subject.kind === 'ServiceAccount'
      ? `ServiceAccount "${subject.name}/${subject.namespace ?? ''}"`
      : `${subject.kind} "${subject.name}"`;
  return `RBAC: allowed by ${binding.kind} ${of} of ${roleRef.kind} "${roleRef.name}" to ${who}`;
}
