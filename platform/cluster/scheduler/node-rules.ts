// Which nodes a pod may run on by what it says of them: name, selector, affinity, taints.
import type { Node, NodeRequirement, NodeSelectorTerm, Pod, Toleration } from '../controller-runtime/index.ts';

interface Taint {
  key: string;
  value?: string;
  effect: string;
}

const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export function tolerates(tolerations: Toleration[] | undefined, taint: Taint): boolean {
  return (tolerations ?? []).some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (!key) return operator === 'Exists';
    return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
  });
}

function requirementHolds({ key, operator, values = [] }: NodeRequirement, fields: Record<string, string>): boolean {
  const value = fields[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

/** A term holds when all its requirements do; an empty one never holds. */
export function nodeSelectorMatches({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every(requirement => requirementHolds(requirement, node.metadata.labels ?? {})) &&
    matchFields.every(requirement => requirementHolds(requirement, { 'metadata.name': node.metadata.name ?? '' }))
  );
}

/** Node selector and required node affinity. */
function isWanted({ spec }: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) if (node.metadata.labels?.[key] !== value) return false;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return !terms || terms.some(term => nodeSelectorMatches(term, node));
}

/** Why this node is refused, in kube-scheduler's words; undefined when it is not. */
export function nodeRefusal(pod: Pod, node: Node): string | undefined {
  const { tolerations, nodeName } = pod.spec;
  if (node.spec?.unschedulable && !tolerates(tolerations, UNSCHEDULABLE)) return 'node(s) were unschedulable';
  if (nodeName && nodeName !== node.metadata.name) return "node(s) didn't match the requested node name";
  for (const taint of node.spec?.taints ?? []) {
    if (taint.effect === 'PreferNoSchedule' || tolerates(tolerations, taint)) continue;
    return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`;
  }
  if (!isWanted(pod, node)) return "node(s) didn't match Pod's node affinity/selector";
  return undefined;
}

/** What a DaemonSet asks of a node: may its pod be put there, and may one that runs there stay? */
export function podFitsNode(pod: Pod, node: Node): { shouldRun: boolean; shouldContinueRunning: boolean } {
  const { nodeName, tolerations } = pod.spec;
  if ((nodeName && nodeName !== node.metadata.name) || !isWanted(pod, node))
    return { shouldRun: false, shouldContinueRunning: false };
  const untolerated = (node.spec?.taints ?? []).filter(taint => !tolerates(tolerations, taint));
  return {
    shouldRun: !untolerated.some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute'),
    shouldContinueRunning: !untolerated.some(({ effect }) => effect === 'NoExecute'),
  };
}
