// Health of a pod: what its containers wait for comes before its phase.
import type { KubeObject } from '../../kube/index.ts';
import { conditionsOf } from './conditions.ts';
import type { Health } from './index.ts';

interface ContainerStatus {
  name: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    terminated?: { exitCode?: number; reason?: string; message?: string };
  };
  lastState?: { terminated?: object };
}

interface PodStatus {
  phase?: string;
  message?: string;
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
}

export function podHealth(object: KubeObject): Health {
  const { restartPolicy = 'Always' } = (object.spec ?? {}) as { restartPolicy?: string };
  const status = (object.status ?? {}) as PodStatus;
  const containers = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const always = restartPolicy === 'Always';
  const withMessage = (message: string | undefined) => (message ? { message } : {});
  if (always) {
    const waiting = containers
      .map(container => container.state?.waiting)
      .find(({ reason = '' } = {}) => reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff'));
    if (waiting) return { status: 'Degraded', ...withMessage(waiting.message || waiting.reason) };
  }
  switch (status.phase) {
    case 'Pending':
      return { status: 'Progressing', ...withMessage(status.message) };
    case 'Succeeded':
      return { status: 'Healthy', ...withMessage(status.message) };
    case 'Failed': {
      const failed = containers
        .map(({ name, state }) => ({ name, ended: state?.terminated }))
        .find(({ ended }) => ended?.exitCode);
      const reason = failed && `container "${failed.name}" failed with exit code ${failed.ended?.exitCode}`;
      return { status: 'Degraded', ...withMessage(status.message || reason) };
    }
    case 'Running': {
      if (!always) return { status: 'Progressing', ...withMessage(status.message) };
      const ready = conditionsOf(object).some(({ type, status }) => type === 'Ready' && status === 'True');
      if (ready) return { status: 'Healthy', ...withMessage(status.message) };
      // One that restarts again and again is not on its way.
      const restarted = containers.some(container => container.lastState?.terminated);
      return { status: restarted ? 'Degraded' : 'Progressing', ...withMessage(status.message) };
    }
    default:
      return { status: 'Unknown', ...withMessage(status.message) };
  }
}
