// Policy rules and whether they cover a request: rbac.authorization.k8s.io/v1's evaluation.

export interface PolicyRule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

/** What a rule is asked about. */
export interface Action {
  verb: string;
  /** Set for resources. */
  resource?: { group: string; resource: string; subresource: string; name: string };
  namespace: string;
  /** For paths that are no resources. */
  path: string;
}

const covers = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some(item => item === '*' || item === wanted) ?? false;

function coversResource(list: readonly string[] | undefined, resource: string, subresource: string): boolean {
  const wanted = subresource === '' ? resource : `${resource}/${subresource}`;
  return list?.some(item => item === '*' || item === wanted || (subresource !== '' && item === `*/${subresource}`)) ?? false;
}

function coversPath(list: readonly string[] | undefined, path: string): boolean {
  return (
    list?.some(item => item === '*' || item === path || (item.endsWith('*') && path.startsWith(item.replace(/\*+$/, '')))) ??
    false
  );
}

export function allows(rule: PolicyRule, { verb, resource, path }: Action): boolean {
  if (!covers(rule.verbs, verb)) return false;
  if (!resource) return coversPath(rule.nonResourceURLs, path);
  return (
    covers(rule.apiGroups, resource.group) &&
    coversResource(rule.resources, resource.resource, resource.subresource) &&
    (!rule.resourceNames || rule.resourceNames.length === 0 || rule.resourceNames.includes(resource.name))
  );
}
