// The Table row of a pod: what kubectl shows as its status, computed as printers/internalversion does.
import { age, NONE, nameOf, since } from '../tables/cells.ts';
import type { ContainerStatus, Pod } from './types.ts';

type State = {
  waiting?: { reason?: string };
  terminated?: { reason?: string; signal?: number; exitCode?: number; finishedAt?: string };
};
const stateOf = (status: ContainerStatus): State => (status.state ?? {}) as State;

const terminatedReason = (terminated: NonNullable<State['terminated']>): string =>
  terminated.reason || (terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode ?? 0}`);

interface Summary {
  reason: string;
  restarts: number;
  ready: number;
  lastRestart: string | undefined;
}

function laterOf(a: string | undefined, b: string | undefined): string | undefined {
  return a && b ? (a > b ? a : b) : (a ?? b);
}

function lastTermination(status: ContainerStatus): string | undefined {
  return (status.lastState as State | undefined)?.terminated?.finishedAt;
}

/** What the init containers say while they hold the pod back; undefined when they are done. */
function initReason(
  pod: Pod,
  statuses: ContainerStatus[],
): { reason: string | undefined; restartable: number; ready: number; summary: Pick<Summary, 'restarts' | 'lastRestart'> } {
  const specs = new Map((pod.spec?.initContainers ?? []).map(container => [container.name, container]));
  const isRestartable = (status: ContainerStatus): boolean => specs.get(status.name)?.restartPolicy === 'Always';
  const total = pod.spec?.initContainers?.length ?? 0;
  let restarts = 0;
  let lastRestart: string | undefined;
  let ready = 0;
  const restartable = (pod.spec?.initContainers ?? []).filter(container => container.restartPolicy === 'Always').length;
  for (const [index, status] of statuses.entries()) {
    restarts += status.restartCount ?? 0;
    lastRestart = laterOf(lastRestart, lastTermination(status));
    const { waiting, terminated } = stateOf(status);
    if (terminated?.exitCode === 0 || (terminated && terminated.exitCode === undefined)) continue;
    if (isRestartable(status) && status.started) {
      if (status.ready) ready += 1;
      continue;
    }
    let reason = `Init:${index}/${total}`;
    if (terminated) reason = `Init:${terminatedReason(terminated)}`;
    else if (waiting?.reason && waiting.reason !== 'PodInitializing') reason = `Init:${waiting.reason}`;
    return { reason, restartable, ready, summary: { restarts, lastRestart } };
  }
  return { reason: undefined, restartable, ready, summary: { restarts, lastRestart } };
}

function summarise(pod: Pod): Summary & { total: number } {
  const status = pod.status ?? {};
  let reason = status.reason || status.phase || '';
  for (const condition of status.conditions ?? []) {
    if (condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated') reason = 'SchedulingGated';
  }
  const init = initReason(pod, (status.initContainerStatuses ?? []) as ContainerStatus[]);
  const total = (pod.spec?.containers?.length ?? 0) + init.restartable;
  let { restarts, lastRestart } = init.summary;
  let ready = init.ready;
  const initialized = (status.conditions ?? []).some(
    condition => condition.type === 'Initialized' && condition.status === 'True',
  );
  if (init.reason !== undefined) reason = init.reason;
  if (init.reason === undefined || initialized) {
    restarts = init.restartable > 0 ? restarts : 0;
    lastRestart = init.restartable > 0 ? lastRestart : undefined;
    let running = false;
    for (const container of [...((status.containerStatuses ?? []) as ContainerStatus[])].reverse()) {
      restarts += container.restartCount ?? 0;
      lastRestart = laterOf(lastRestart, lastTermination(container));
      const { waiting, terminated } = stateOf(container);
      if (waiting?.reason) reason = waiting.reason;
      else if (terminated) reason = terminatedReason(terminated);
      else if (container.ready && container.state?.running) {
        running = true;
        ready += 1;
      }
    }
    if (reason === 'Completed' && running) {
      const isReady = (status.conditions ?? []).some(condition => condition.type === 'Ready' && condition.status === 'True');
      reason = isReady ? 'Running' : 'NotReady';
    }
  }
  const terminal = status.phase === 'Failed' || status.phase === 'Succeeded';
  if (pod.metadata?.deletionTimestamp && status.reason === 'NodeLost') reason = 'Unknown';
  else if (pod.metadata?.deletionTimestamp && !terminal) reason = 'Terminating';
  return { reason, restarts, ready, lastRestart, total };
}

export function podCells(pod: Pod, now: Date): unknown[] {
  const { reason, restarts, ready, lastRestart, total } = summarise(pod);
  const gates = pod.spec?.readinessGates ?? [];
  const passed = gates.filter(gate =>
    (pod.status?.conditions ?? []).some(condition => condition.type === gate.conditionType && condition.status === 'True'),
  );
  return [
    nameOf(pod),
    `${ready}/${total}`,
    reason,
    restarts > 0 && lastRestart ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts),
    age(pod, now),
    pod.status?.podIPs?.[0]?.ip || pod.status?.podIP || NONE,
    pod.spec?.nodeName || NONE,
    pod.status?.nominatedNodeName || NONE,
    gates.length === 0 ? NONE : `${passed.length}/${gates.length}`,
  ];
}
