// The statuses that a kubelet would report.
import { type Condition, conditionOf, type Node, type Pod, withCondition } from '../controller-runtime/index.ts';

const CAPACITY = { cpu: '32', memory: '256Gi', pods: '500' };

export function nodeStatus(now: string): NonNullable<Node['status']> {
  const healthy = (type: string, reason: string, message: string): Condition =>
    ({
      type,
      status: type === 'Ready' ? 'True' : 'False',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
      reason,
      message,
    }) as Condition;
  return {
    allocatable: CAPACITY,
    capacity: CAPACITY,
    conditions: [
      healthy('Ready', 'KubeletReady', 'kubelet is posting ready status'),
      healthy('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      healthy('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      healthy('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    ],
    nodeInfo: {
      architecture: 'amd64',
      bootID: '',
      containerRuntimeVersion: 'simulated://1',
      kernelVersion: '',
      kubeProxyVersion: '',
      kubeletVersion: 'v1.34.4',
      machineID: '',
      operatingSystem: 'linux',
      osImage: 'simulated',
      systemUUID: '',
    },
    phase: 'Running',
  };
}

/** All as well as can be, also of a pod that has ended: so do the fake nodes that the real control plane was recorded with. */
function withConditions(pod: Pod, now: string): Condition[] {
  let conditions = pod.status?.conditions ?? [];
  for (const type of ['PodScheduled', 'Initialized', 'Ready', 'ContainersReady']) {
    if (conditionOf(conditions, type)?.status === 'True') continue;
    conditions = withCondition(conditions, { type, status: 'True', lastProbeTime: null, lastTransitionTime: now });
  }
  return conditions;
}

export function runningStatus(pod: Pod, now: string, podIP: string): NonNullable<Pod['status']> {
  return {
    ...pod.status,
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: now,
    conditions: withConditions(pod, now),
    containerStatuses: containerStatuses(pod, { ready: true, state: { running: { startedAt: now } } }),
    ...initStatuses(pod, now),
  };
}

export function succeededStatus(pod: Pod, now: string): NonNullable<Pod['status']> {
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now };
  return {
    ...pod.status,
    phase: 'Succeeded',
    startTime: now,
    conditions: withConditions(pod, now),
    containerStatuses: containerStatuses(pod, { ready: true, state: { terminated } }),
    ...initStatuses(pod, now),
  };
}

function containerStatuses(pod: Pod, { ready, state }: { ready: boolean; state: Record<string, unknown> }) {
  return pod.spec.containers.map(({ name, image = '' }) => ({
    name,
    image,
    imageID: '',
    ready,
    restartCount: 0,
    started: ready,
    state,
    lastState: {},
  }));
}

function initStatuses(pod: Pod, now: string) {
  const { initContainers } = pod.spec;
  if (!initContainers?.length) return {};
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: now, finishedAt: now };
  return {
    initContainerStatuses: initContainers.map(({ name, image = '', restartPolicy }) => ({
      name,
      image,
      imageID: '',
      ready: true,
      restartCount: 0,
      state: restartPolicy === 'Always' ? { running: { startedAt: now } } : { terminated },
      lastState: {},
    })),
  };
}
