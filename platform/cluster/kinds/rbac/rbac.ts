// Roles and bindings.
import type { V1ClusterRole, V1PolicyRule, V1RoleBinding } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { invalid, required, struct, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dnsLabel, dnsSubdomain, pathSegment } from '../meta/names.ts';
import { type Selector, validateSelector } from '../meta/selectors.ts';
import { ensure, type Loose, sameValue, setDefaultIfZero } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

type Role = Loose<V1ClusterRole>;
type Rule = Loose<V1PolicyRule>;
type Binding = Loose<V1RoleBinding>;

const GROUP = 'rbac.authorization.k8s.io';

function validateRule(rule: Rule, namespaced: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.verbs?.length) errors.push(required(`${field}.verbs`, 'verbs must contain at least one value'));
  if (rule.nonResourceURLs?.length) {
    if (namespaced)
      errors.push(
        invalid(`${field}.nonResourceURLs`, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'),
      );
    if (rule.apiGroups?.length || rule.resources?.length || rule.resourceNames?.length) {
      errors.push(
        invalid(
          `${field}.nonResourceURLs`,
          rule.nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      );
    }
    return errors;
  }
  if (!rule.apiGroups?.length) errors.push(required(`${field}.apiGroups`, 'resource rules must supply at least one api group'));
  if (!rule.resources?.length) errors.push(required(`${field}.resources`, 'resource rules must supply at least one resource'));
  return errors;
}

function roleRules(namespaced: boolean): KindRules {
  return rulesFor<Role>({
    nameRule: 'path-segment',
    defaults(role) {
      // `rules` is always written, as null when there are none.
      if (!role.rules?.length) (role as { rules?: unknown }).rules = null;
    },
    validate(role) {
      const errors = (role.rules ?? []).flatMap((rule, index) => validateRule(rule, namespaced, `rules[${index}]`));
      const selectors = role.aggregationRule?.clusterRoleSelectors;
      if (role.aggregationRule && !selectors?.length) {
        errors.push(
          required(
            'aggregationRule.clusterRoleSelectors',
            'at least one clusterRoleSelector required if aggregationRule is non-nil',
          ),
        );
      }
      for (const [index, selector] of (selectors ?? []).entries()) {
        errors.push(...validateSelector(selector as Selector, `aggregationRule.clusterRoleSelectors[${index}]`));
      }
      return errors;
    },
  });
}

export const namespacedRoleRules = roleRules(true);
export const clusterRoleRules = roleRules(false);

const SUBJECT_KINDS = ['ServiceAccount', 'User', 'Group'];

function validateSubject(subject: NonNullable<Binding['subjects']>[number], namespaced: boolean, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = subject.name ?? '';
  if (!name) errors.push(required(`${field}.name`));
  const group = subject.apiGroup ?? '';
  switch (subject.kind) {
    case 'ServiceAccount':
      if (name) errors.push(...dnsSubdomain(name).map(message => invalid(`${field}.name`, name, message)));
      if (group) errors.push(unsupported(`${field}.apiGroup`, group, ['']));
      if (!namespaced && !subject.namespace) errors.push(required(`${field}.namespace`));
      if (subject.namespace)
        errors.push(...dnsLabel(subject.namespace).map(message => invalid(`${field}.namespace`, subject.namespace, message)));
      break;
    case 'User':
    case 'Group':
      if (group !== GROUP) errors.push(unsupported(`${field}.apiGroup`, group, [GROUP]));
      break;
    default:
      errors.push(unsupported(`${field}.kind`, subject.kind ?? '', SUBJECT_KINDS));
  }
  return errors;
}

function bindingRules(namespaced: boolean): KindRules {
  const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  return rulesFor<Binding>({
    nameRule: 'path-segment',
    defaults(binding) {
      setDefaultIfZero(ensure(binding, 'roleRef'), 'apiGroup', GROUP);
      for (const subject of binding.subjects ?? []) {
        if (subject.kind === 'User' || subject.kind === 'Group') setDefaultIfZero(subject, 'apiGroup', GROUP);
      }
    },
    validate(binding) {
      const errors: FieldError[] = [];
      const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
      if (apiGroup !== GROUP) errors.push(unsupported('roleRef.apiGroup', apiGroup, [GROUP]));
      if (!kinds.includes(kind)) errors.push(unsupported('roleRef.kind', kind, kinds));
      if (!name) errors.push(required('roleRef.name'));
      else errors.push(...pathSegment(name).map(message => invalid('roleRef.name', name, message)));
      for (const [index, subject] of (binding.subjects ?? []).entries())
        errors.push(...validateSubject(subject, namespaced, `subjects[${index}]`));
      return errors;
    },
    validateChange(next, previous) {
      if (sameValue(next.roleRef, previous.roleRef)) return [];
      const { apiGroup: APIGroup = '', kind: Kind = '', name: Name = '' } = next.roleRef ?? {};
      return [invalid('roleRef', struct({ APIGroup, Kind, Name }), 'cannot change roleRef')];
    },
    cells(obj, now) {
      const names = (kind: string): string =>
        (obj.subjects ?? [])
          .filter(subject => subject.kind === kind)
          .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : (name ?? '')))
          .join(', ');
      return [
        nameOf(obj),
        `${obj.roleRef?.kind}/${obj.roleRef?.name}`,
        age(obj, now),
        names('User'),
        names('Group'),
        names('ServiceAccount'),
      ];
    },
  });
}

export const roleBindingRules = bindingRules(true);
export const clusterRoleBindingRules = bindingRules(false);
