// A pod's phase, conditions and readiness from the states of its containers, by the kubelet's rules.
import { apiTime, type Container, type ContainerStatus, type Pod, type PodCondition, type PodStatus } from './pod-types.ts';

export interface StatusInput {
  pod: Pod;
  init: ContainerStatus[];
  main: ContainerStatus[];
  /** Ephemeral containers that this node runs; those of an earlier one are read from the pod. */
  debuggers?: ContainerStatus[];
  podIP: string | undefined;
  hostIP: string;
  startTime: string;
  /** Containers are being stopped for good: readiness is lost at once. */
  stopping: boolean;
  /** Deleted and every container has ended: the phase is an end, whatever the restart policy. */
  terminal: boolean;
  /** A failure of the pod as a whole: DeadlineExceeded, Evicted … */
  failure?: { reason: string; message: string };
  now: Date;
}

export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

function phaseOf({ pod, init, main, failure, terminal }: StatusInput): string {
  const { restartPolicy = 'Always', initContainers = [] } = pod.spec;
  if (failure) return 'Failed';
  if (terminal) return [...init, ...main].every(({ state }) => state.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  for (const [index, status] of init.entries()) {
    const sidecar = isSidecar(initContainers[index] as Container);
    const { terminated } = status.state;
    if (sidecar) {
      if (!status.started) return 'Pending';
    } else if (!terminated) return 'Pending';
    else if (terminated.exitCode !== 0) return restartPolicy === 'Never' ? 'Failed' : 'Pending';
  }
  const waiting = main.filter(({ state, lastState }) => state.waiting && !lastState.terminated).length;
  const ended = main.filter(({ state }) => state.terminated);
  if (waiting > 0) return 'Pending';
  if (ended.length < main.length || restartPolicy === 'Always') return 'Running';
  const failed = ended.some(({ state }) => state.terminated?.exitCode !== 0);
  if (!failed) return 'Succeeded';
  return restartPolicy === 'Never' ? 'Failed' : 'Running';
}

function unready(statuses: ContainerStatus[]): string[] {
  return statuses.filter(({ ready }) => !ready).map(({ name }) => name);
}

function list(names: string[]): string {
  return `[${names.join(' ')}]`;
}

function conditionsOf(input: StatusInput, phase: string): PodCondition[] {
  const { pod, init, main, podIP, stopping } = input;
  const done = phase === 'Succeeded';
  const sidecars = init.filter((_, index) => isSidecar((pod.spec.initContainers ?? [])[index] as Container));
  const initialized =
    done ||
    init.every((status, index) => {
      const sidecar = isSidecar((pod.spec.initContainers ?? [])[index] as Container);
      return sidecar ? status.started : status.state.terminated?.exitCode === 0;
    });
  const notInitialized = init
    .filter(status => !(status.state.terminated?.exitCode === 0 || status.started))
    .map(({ name }) => name);
  const missing = stopping || phase === 'Failed' ? main.map(({ name }) => name) : unready([...main, ...sidecars]);
  const containersReady: PodCondition = done
    ? { type: 'ContainersReady', status: 'False', reason: 'PodCompleted' }
    : phase === 'Failed'
      ? { type: 'ContainersReady', status: 'False', reason: 'PodFailed' }
      : missing.length > 0
        ? {
            type: 'ContainersReady',
            status: 'False',
            reason: 'ContainersNotReady',
            message: `containers with unready status: ${list(missing)}`,
          }
        : { type: 'ContainersReady', status: 'True' };
  const gates = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => pod.status?.conditions?.find(({ type }) => type === conditionType)?.status !== 'True',
  );
  const ready: PodCondition =
    containersReady.status === 'True' && gates.length > 0
      ? {
          type: 'Ready',
          status: 'False',
          reason: 'ReadinessGatesNotReady',
          message: gates
            .map(({ conditionType }) => `corresponding condition of pod readiness gate "${conditionType}" does not exist.`)
            .join(', '),
        }
      : { ...containersReady, type: 'Ready' };
  return [
    { type: 'PodReadyToStartContainers', status: podIP && !done && phase !== 'Failed' ? 'True' : 'False' },
    initialized
      ? { type: 'Initialized', status: 'True', ...(done ? { reason: 'PodCompleted' } : {}) }
      : {
          type: 'Initialized',
          status: 'False',
          reason: 'ContainersNotInitialized',
          message: `containers with incomplete status: ${list(notInitialized)}`,
        },
    ready,
    containersReady,
    { type: 'PodScheduled', status: 'True' },
  ];
}

/** Times of conditions that did not turn are kept; conditions of others (readiness gates, disruption) stay. */
function mergeConditions(
  previous: PodCondition[],
  next: PodCondition[],
  { now, generation }: { now: string; generation: number | undefined },
): PodCondition[] {
  const own = next.map(condition => {
    const before = previous.find(({ type }) => type === condition.type);
    const lastTransitionTime = before?.status === condition.status ? (before.lastTransitionTime ?? now) : now;
    return { ...condition, lastProbeTime: null, lastTransitionTime, ...(generation ? { observedGeneration: generation } : {}) };
  });
  return [...own, ...previous.filter(({ type }) => !next.some(condition => condition.type === type))];
}

function ephemeralStatuses({ pod, debuggers = [], now }: StatusInput): Pick<PodStatus, 'ephemeralContainerStatuses'> {
  const earlier = (pod.status?.ephemeralContainerStatuses ?? []).filter(({ name }) => !debuggers.some(own => own.name === name));
  const ended = earlier.map(status => {
    const { startedAt } = status.state.running ?? {};
    if (startedAt === undefined) return status;
    // Its process went with the node that ran it.
    return { ...status, state: { terminated: { exitCode: 255, reason: 'Unknown', startedAt, finishedAt: apiTime(now) } } };
  });
  const all = [...ended, ...debuggers];
  return all.length > 0 ? { ephemeralContainerStatuses: all } : {};
}

export function computeStatus(input: StatusInput): PodStatus {
  const { pod, init, main, podIP, hostIP, startTime, failure, now } = input;
  const phase = phaseOf(input);
  const generation = pod.metadata.generation;
  return {
    ...(generation ? { observedGeneration: generation } : {}),
    phase,
    conditions: mergeConditions(pod.status?.conditions ?? [], conditionsOf(input, phase), { now: apiTime(now), generation }),
    ...(failure ?? {}),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP ? { podIP, podIPs: [{ ip: podIP }] } : {}),
    startTime,
    ...(init.length > 0 ? { initContainerStatuses: init } : {}),
    containerStatuses: main,
    ...ephemeralStatuses(input),
    ...(pod.status?.qosClass ? { qosClass: pod.status.qosClass } : {}),
  };
}
