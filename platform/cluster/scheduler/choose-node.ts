// Chooses a node for a pod: refusals first, then the best score; or says why there is none.
import { controllerOf, type Node, type Pod } from '../controller-runtime/index.ts';
import { amountsOf, podRequests } from './amounts.ts';
import { nodeRefusal, nodeSelectorMatches } from './node-rules.ts';
import { hostPorts } from './node-usage.ts';
import { affinityRefusal, affinityScore, spreadRefusal, type Topology } from './pod-affinity.ts';

type Choice = { node: string } | { refusals: string[][]; helpless: boolean[] };

/** The node, or for each node the reasons against it, and whether making room there could not help either. */
export function chooseNode(pod: Pod, topology: Topology): Choice {
  const refusals: string[][] = [];
  const helpless: boolean[] = [];
  let best: { node: string; score: number } | undefined;
  for (const node of topology.nodes) {
    const { reasons, hopeless } = refuse(pod, node, topology);
    if (reasons.length > 0) {
      refusals.push(reasons);
      helpless.push(hopeless);
      continue;
    }
    const score = scoreOf(pod, node, topology);
    if (!best || score > best.score) best = { node: node.metadata.name ?? '', score };
  }
  return best ? { node: best.node } : { refusals, helpless };
}

function refuse(pod: Pod, node: Node, topology: Topology): { reasons: string[]; hopeless: boolean } {
  const byNode = nodeRefusal(pod, node);
  if (byNode) return { reasons: [byNode], hopeless: true };
  const { pods } = topology.usage.of(node.metadata.name ?? '');
  const ports = hostPorts(pod);
  if (ports.length > 0) {
    const taken = new Set([...pods.values()].flatMap(hostPorts));
    if (ports.some(port => taken.has(port)))
      return { reasons: ["node(s) didn't have free ports for the requested pod ports"], hopeless: false };
  }
  const short = shortages(pod, node, topology);
  if (short.reasons.length > 0) return short;
  const between = spreadRefusal(pod, node, topology) ?? affinityRefusal(pod, node, topology);
  return { reasons: between ? [between] : [], hopeless: between === "node(s) didn't match pod affinity rules" };
}

function shortages(pod: Pod, node: Node, topology: Topology): { reasons: string[]; hopeless: boolean } {
  const allocatable = amountsOf(node.status?.allocatable);
  const { requested } = topology.usage.of(node.metadata.name ?? '');
  const reasons: string[] = [];
  let hopeless = false;
  for (const [name, amount] of podRequests(pod)) {
    const limit = allocatable.get(name) ?? (name === 'pods' ? Number.POSITIVE_INFINITY : 0);
    if (amount === 0 || amount + (requested.get(name) ?? 0) <= limit) continue;
    reasons.push(name === 'pods' ? 'Too many pods' : `Insufficient ${name}`);
    hopeless ||= amount > limit;
  }
  return { reasons, hopeless };
}

function scoreOf(pod: Pod, node: Node, topology: Topology): number {
  let score = 0;
  const allocatable = amountsOf(node.status?.allocatable);
  const { requested, pods } = topology.usage.of(node.metadata.name ?? '');
  const wanted = podRequests(pod);
  for (const name of ['cpu', 'memory', 'pods']) {
    const limit = allocatable.get(name) ?? 0;
    if (limit > 0) score += (100 * (limit - (requested.get(name) ?? 0) - (wanted.get(name) ?? 0))) / limit / 3;
  }
  const owner = controllerOf(pod)?.uid;
  // Pods of one controller are spread before anything else but what the pod itself prefers.
  if (owner) for (const other of pods.values()) if (controllerOf(other)?.uid === owner) score -= 100;
  for (const { weight, preference } of pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (nodeSelectorMatches(preference, node)) score += 10 * weight;
  for (const taint of node.spec?.taints ?? []) if (taint.effect === 'PreferNoSchedule') score -= 100;
  return score + 10 * affinityScore(pod, node, topology);
}

/** Why there is no node, as kube-scheduler words it: reasons counted and sorted. */
export function unschedulableMessage(total: number, refusals: string[][], helpless: boolean[]): string {
  const head = `0/${total} nodes are available`;
  if (total === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const reason of refusals.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const hopeless = helpless.filter(Boolean).length;
  const preemption = [
    ...(helpless.length > hopeless ? [`${helpless.length - hopeless} No preemption victims found for incoming pod.`] : []),
    ...(hopeless > 0 ? [`${hopeless} Preemption is not helpful for scheduling.`] : []),
  ].sort();
  return `${head}: ${reasons.join(', ')}. no new claims to deallocate, preemption: ${head}: ${preemption.join(', ').replace(/\., /g, ', ')}`;
}
