// A container's status before this node has done anything for it: fresh, or carried on from what an earlier node told the API.
import { apiTime, type Container, type ContainerStatus, type Pod, type TerminatedState } from './pod-types.ts';

export interface FirstStatusInput {
  pod: Pod;
  container: Container;
  init: boolean;
  previous: ContainerStatus | undefined;
  now: Date;
}

/** Terminated and not to run again when the restart policy says so; waiting otherwise. */
export function firstStatus({ pod, container, init, previous, now }: FirstStatusInput): ContainerStatus {
  const reason = init || (pod.spec.initContainers ?? []).length > 0 ? 'PodInitializing' : 'ContainerCreating';
  const fresh: ContainerStatus = {
    name: container.name,
    state: { waiting: { reason } },
    lastState: {},
    ready: false,
    restartCount: previous?.restartCount ?? 0,
    image: container.image,
    imageID: '',
    started: false,
  };
  if (!previous) return fresh;
  const { state, lastState, containerID } = previous;
  const policy = pod.spec.restartPolicy ?? 'Always';
  const again = (terminated: TerminatedState): ContainerStatus => ({
    ...fresh,
    lastState: { terminated },
    restartCount: fresh.restartCount + 1,
  });
  if (state.terminated) {
    const forGood = policy === 'Never' || (policy === 'OnFailure' && state.terminated.exitCode === 0);
    return init || forGood ? previous : again(state.terminated);
  }
  if (!state.running) return { ...fresh, lastState };
  // Its process went with the node that ran it.
  const lost: TerminatedState = {
    exitCode: 255,
    reason: 'Unknown',
    startedAt: state.running.startedAt,
    finishedAt: apiTime(now),
    ...(containerID ? { containerID } : {}),
  };
  if (init || policy !== 'Never') return again(lost);
  return { ...fresh, state: { terminated: lost }, ...(containerID ? { containerID } : {}) };
}
