// What a DaemonSet has to create and delete now: one pod for each node that fits, replaced within the limits of its update strategy.
import { availableIn, isFinished, type Node, type Pod } from '../../controller-runtime/index.ts';
import { scaledValue } from '../deployment/deployment.ts';
import { type DaemonSet, fits, isUpdated, nodeOf } from './daemon-set.ts';

interface DaemonSetPlan {
  /** Nodes that lack a pod. */
  create: string[];
  remove: Pod[];
  /** Pods that failed; they are removed and their nodes get new ones. */
  failed: Pod[];
}

interface PlanInput {
  set: DaemonSet;
  nodes: Node[];
  pods: Pod[];
  hash: string;
  now: Date;
}

function byNode(pods: Pod[]): Map<string, Pod[]> {
  const grouped = new Map<string, Pod[]>();
  for (const pod of pods) {
    const node = nodeOf(pod) ?? '';
    grouped.set(node, [...(grouped.get(node) ?? []), pod]);
  }
  return grouped;
}

export function planDaemonSet({ set, nodes, pods, hash, now }: PlanInput): DaemonSetPlan {
  const plan: DaemonSetPlan = { create: [], remove: [], failed: [] };
  const grouped = byNode(pods);
  const known = new Set(nodes.map(node => node.metadata.name ?? ''));
  for (const [node, strays] of grouped) if (!known.has(node)) plan.remove.push(...strays.filter(isLiving));
  const targets: { name: string; living: Pod[] }[] = [];
  for (const node of nodes) {
    const name = node.metadata.name ?? '';
    const here = grouped.get(name) ?? [];
    const { shouldRun, shouldContinueRunning } = fits(set, node);
    if (!shouldContinueRunning) plan.remove.push(...here.filter(isLiving));
    if (!shouldRun) continue;
    const failed = here.filter(pod => isFinished(pod) && isLiving(pod));
    plan.failed.push(...failed);
    if (here.length === 0) plan.create.push(name);
    targets.push({ name, living: here.filter(pod => isLiving(pod) && !isFinished(pod)) });
  }
  if (set.spec.updateStrategy?.type === 'OnDelete') trim(plan, targets);
  else rollUpdate(plan, { set, targets, hash, now });
  return plan;
}

function isLiving(pod: Pod): boolean {
  return !pod.metadata.deletionTimestamp;
}

/** Of several pods on one node the oldest stays. */
function trim(plan: DaemonSetPlan, targets: { living: Pod[] }[]): void {
  for (const { living } of targets) plan.remove.push(...byAge(living).slice(1));
}

function byAge(pods: Pod[]): Pod[] {
  const created = (pod: Pod) => Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
  return [...pods].sort((a, b) => created(a) - created(b));
}

function rollUpdate(
  plan: DaemonSetPlan,
  { set, targets, hash, now }: { set: DaemonSet; targets: { name: string; living: Pod[] }[]; hash: string; now: Date },
): void {
  const { maxUnavailable = 1, maxSurge = 0 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const isAvailable = (pod: Pod) => availableIn(pod, set.spec.minReadySeconds ?? 0, now) === 0;
  const surging = scaledValue(maxSurge, targets.length, Math.ceil);
  const limit = scaledValue(maxUnavailable, targets.length, Math.ceil) || (surging > 0 ? 0 : 1);
  let unavailable = targets.filter(({ living }) => !living.some(isAvailable)).length;
  let surge = targets.filter(({ living }) => living.length > 1).length;
  for (const { name, living } of targets) {
    const updated = byAge(living.filter(pod => isUpdated(pod, hash)));
    const old = byAge(living.filter(pod => !isUpdated(pod, hash)));
    plan.remove.push(...updated.slice(1), ...old.slice(1));
    const [previous] = old;
    if (!previous) continue;
    if (updated[0]) {
      // With a surge both run until the new one serves.
      if (surging === 0 || isAvailable(updated[0])) plan.remove.push(previous);
    } else if (!isAvailable(previous)) {
      plan.remove.push(previous);
    } else if (surging > surge) {
      surge += 1;
      plan.create.push(name);
    } else if (surging === 0 && unavailable < limit) {
      unavailable += 1;
      plan.remove.push(previous);
    }
  }
}
