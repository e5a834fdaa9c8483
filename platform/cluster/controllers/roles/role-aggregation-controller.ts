// Fills ClusterRoles that are made of others: view, edit, admin, and those of users.
import type { KubeObject } from '../../../kube/index.ts';
import {
  type ControllerHost,
  canonical,
  type LabelSelector,
  objectKey,
  selectorMatches,
} from '../../controller-runtime/index.ts';

interface ClusterRole extends KubeObject {
  rules?: unknown[] | null;
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] };
}

export function runRoleAggregationController(host: ControllerHost): void {
  const roles = host.caches.of<ClusterRole>({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' });
  const queue = host.queue({ name: 'clusterrole-aggregation-controller', sync });

  roles.onChange((next, previous) => {
    if (next?.aggregationRule) queue.add(objectKey(next));
    for (const role of roles.list())
      if (role.aggregationRule && [next, previous].some(part => part && isPart(role, part))) queue.add(objectKey(role));
  });

  function isPart(role: ClusterRole, part: ClusterRole): boolean {
    if (part.metadata.name === role.metadata.name) return false;
    return (role.aggregationRule?.clusterRoleSelectors ?? []).some(selector => selectorMatches(selector, part.metadata.labels));
  }

  async function sync(name: string): Promise<void> {
    const role = roles.getByKey(name);
    if (!role?.aggregationRule || role.metadata.deletionTimestamp) return;
    const rules = new Map<string, unknown>();
    const all = roles.list().sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
    // Parts come in the order of the selectors, then by name, each rule once.
    for (const selector of role.aggregationRule.clusterRoleSelectors ?? [])
      for (const part of all)
        if (part.metadata.name !== name && selectorMatches(selector, part.metadata.labels))
          for (const rule of part.rules ?? []) rules.set(canonical(rule), rule);
    if (canonical([...rules.values()]) === canonical(role.rules ?? [])) return;
    await roles.patch(role, { rules: [...rules.values()] });
  }
}
