// Whether a set of rules covers another, as k8s.io/component-helpers/auth/rbac/validation compares them.
import type { PolicyRule } from './rules.ts';

/** Rules with one verb and one resource or path each. */
export function breakDown(rules: readonly PolicyRule[]): PolicyRule[] {
  return rules.flatMap(rule => {
    const simple: PolicyRule[] = [];
    for (const group of rule.apiGroups ?? [])
      for (const resource of rule.resources ?? [])
        for (const verb of rule.verbs) {
          const base = { verbs: [verb], apiGroups: [group], resources: [resource] };
          if (!rule.resourceNames?.length) simple.push(base);
          else for (const name of rule.resourceNames) simple.push({ ...base, resourceNames: [name] });
        }
    for (const path of rule.nonResourceURLs ?? [])
      for (const verb of rule.verbs) simple.push({ verbs: [verb], nonResourceURLs: [path] });
    return simple;
  });
}

const hasAll = (list: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
  list?.includes('*') || (wanted ?? []).every(item => list?.includes(item) ?? false);

function coversResources(list: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean {
  return (wanted ?? []).every(resource => {
    if (list?.includes('*') || list?.includes(resource)) return true;
    const slash = resource.indexOf('/');
    return slash >= 0 && (list?.includes(`*${resource.slice(slash)}`) ?? false);
  });
}

const coversPath = (pattern: string, path: string): boolean =>
  pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)));

function ruleCovers(owner: PolicyRule, wanted: PolicyRule): boolean {
  if (!hasAll(owner.verbs, wanted.verbs)) return false;
  if (wanted.nonResourceURLs)
    return wanted.nonResourceURLs.every(path => owner.nonResourceURLs?.some(own => coversPath(own, path)) ?? false);
  const names = owner.resourceNames ?? [];
  const named = names.length === 0 || ((wanted.resourceNames ?? []).length > 0 && hasAll(names, wanted.resourceNames));
  return hasAll(owner.apiGroups, wanted.apiGroups) && coversResources(owner.resources, wanted.resources) && named;
}

/** Whether one of `owned` covers a simple rule. */
export function covers(owned: readonly PolicyRule[], simple: PolicyRule): boolean {
  return owned.some(rule => ruleCovers(rule, simple));
}

const quoted = (items: readonly string[]): string => `[${items.map(item => JSON.stringify(item)).join(' ')}]`;

/** Simple rules with their verbs merged, each as the real server prints it. */
export function ruleText(rules: readonly PolicyRule[]): string[] {
  const merged = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const key = JSON.stringify({ ...rule, verbs: [] });
    const known = merged.get(key);
    if (known) known.verbs.push(...rule.verbs);
    else merged.set(key, { ...rule, verbs: [...rule.verbs] });
  }
  const texts = [...merged.values()].map(rule => {
    const parts: string[] = [];
    if (rule.apiGroups?.length) parts.push(`APIGroups:${quoted(rule.apiGroups)}`);
    if (rule.resources?.length) parts.push(`Resources:${quoted(rule.resources)}`);
    if (rule.resourceNames?.length) parts.push(`ResourceNames:${quoted(rule.resourceNames)}`);
    if (rule.nonResourceURLs?.length) parts.push(`NonResourceURLs:${quoted(rule.nonResourceURLs)}`);
    parts.push(`Verbs:${quoted(rule.verbs)}`);
    return `{${parts.join(', ')}}`;
  });
  return texts.sort();
}
