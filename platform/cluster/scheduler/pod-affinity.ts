// Affinity, anti-affinity and spreading between pods, by the topology that node labels span.
import { type Namespace, type Node, type Pod, type PodAffinityTerm, selectorMatches } from '../controller-runtime/index.ts';
import type { NodeUsage } from './node-usage.ts';

export interface Topology {
  nodes: Node[];
  usage: NodeUsage;
  namespaceLabels(name: string): Namespace['metadata']['labels'];
}

function domainPods({ nodes, usage }: Topology, key: string, value: string): Pod[] {
  return nodes
    .filter(node => node.metadata.labels?.[key] === value)
    .flatMap(node => [...usage.of(node.metadata.name ?? '').pods.values()]);
}

function termMatches(term: PodAffinityTerm, owner: Pod, other: Pod, topology: Topology): boolean {
  const namespace = other.metadata.namespace ?? '';
  const named = term.namespaces?.includes(namespace) ?? false;
  const selected = term.namespaceSelector
    ? selectorMatches(term.namespaceSelector, topology.namespaceLabels(namespace) ?? {})
    : false;
  const own = !term.namespaces?.length && !term.namespaceSelector && namespace === owner.metadata.namespace;
  return (named || selected || own) && selectorMatches(term.labelSelector, other.metadata.labels);
}

function holdsOn(term: PodAffinityTerm, pod: Pod, node: Node, topology: Topology): boolean {
  const value = node.metadata.labels?.[term.topologyKey];
  if (value === undefined) return false;
  return domainPods(topology, term.topologyKey, value).some(other => termMatches(term, pod, other, topology));
}

/** Why pods that run elsewhere forbid this node; undefined when they do not. */
export function affinityRefusal(pod: Pod, node: Node, topology: Topology): string | undefined {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  for (const term of podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
    if (holdsOn(term, pod, node, topology)) continue;
    // The first pod of a group that wants to be together may go anywhere.
    const everywhere = topology.nodes.flatMap(({ metadata: { name = '' } }) => [...topology.usage.of(name).pods.values()]);
    const first = termMatches(term, pod, pod, topology) && !everywhere.some(other => termMatches(term, pod, other, topology));
    if (!first || node.metadata.labels?.[term.topologyKey] === undefined) return "node(s) didn't match pod affinity rules";
  }
  for (const term of podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
    if (holdsOn(term, pod, node, topology)) return "node(s) didn't match pod anti-affinity rules";
  for (const other of topology.nodes.flatMap(({ metadata: { name = '' } }) => [...topology.usage.of(name).pods.values()]))
    if (repels(other, pod, node, topology)) return "node(s) didn't satisfy existing pods anti-affinity rules";
  return undefined;
}

function repels(other: Pod, pod: Pod, node: Node, topology: Topology): boolean {
  const terms = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  if (!terms) return false;
  const home = topology.nodes.find(({ metadata }) =>
    topology.usage.of(metadata.name ?? '').pods.has(`${other.metadata.namespace}/${other.metadata.name}`),
  );
  return terms.some(term => {
    const value = node.metadata.labels?.[term.topologyKey];
    return value !== undefined && home?.metadata.labels?.[term.topologyKey] === value && termMatches(term, other, pod, topology);
  });
}

/** Preferred affinity as a sum of weights, anti-affinity counting against. */
export function affinityScore(pod: Pod, node: Node, topology: Topology): number {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  let score = 0;
  for (const { weight, podAffinityTerm } of podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (holdsOn(podAffinityTerm, pod, node, topology)) score += weight;
  for (const { weight, podAffinityTerm } of podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (holdsOn(podAffinityTerm, pod, node, topology)) score -= weight;
  return score;
}

/** Whether a hard spread constraint forbids this node. */
export function spreadRefusal(pod: Pod, node: Node, topology: Topology): string | undefined {
  for (const { whenUnsatisfiable, topologyKey, labelSelector, maxSkew } of pod.spec.topologySpreadConstraints ?? []) {
    if (whenUnsatisfiable !== 'DoNotSchedule') continue;
    const own = node.metadata.labels?.[topologyKey];
    if (own === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)";
    const values = new Set(topology.nodes.flatMap(({ metadata }) => metadata.labels?.[topologyKey] ?? []));
    const count = (value: string) =>
      domainPods(topology, topologyKey, value).filter(
        other => other.metadata.namespace === pod.metadata.namespace && selectorMatches(labelSelector, other.metadata.labels),
      ).length;
    const least = Math.min(...[...values].map(count));
    if (count(own) + 1 - least > maxSkew) return "node(s) didn't match pod topology spread constraints";
  }
  return undefined;
}
