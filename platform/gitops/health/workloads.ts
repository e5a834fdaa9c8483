// Health of the kinds that roll out pods.
import type { KubeObject } from '../../kube/index.ts';
import { conditionsOf, messageFrom } from './conditions.ts';
import type { Health } from './index.ts';

interface WorkloadSpec {
  paused?: boolean;
  replicas?: number;
  updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
}

interface WorkloadStatus {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  availableReplicas?: number;
  readyReplicas?: number;
  currentRevision?: string;
  updateRevision?: string;
  updatedNumberScheduled?: number;
  desiredNumberScheduled?: number;
  numberAvailable?: number;
}

const progressing = (message: string): Health => ({ status: 'Progressing', message });

function read(object: KubeObject): { spec: WorkloadSpec; status: WorkloadStatus; observed: boolean } {
  const spec = (object.spec ?? {}) as WorkloadSpec;
  const status = (object.status ?? {}) as WorkloadStatus;
  return { spec, status, observed: (object.metadata.generation ?? 0) <= (status.observedGeneration ?? 0) };
}

export function deploymentHealth(object: KubeObject): Health {
  const { spec, status, observed } = read(object);
  if (spec.paused) return { status: 'Suspended', message: 'Deployment is paused' };
  if (!observed) return progressing('Waiting for rollout to finish: observed deployment generation less than desired generation');
  const condition = conditionsOf(object).find(({ type }) => type === 'Progressing');
  const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  if (condition?.reason === 'ProgressDeadlineExceeded')
    return { status: 'Degraded', message: `Deployment "${object.metadata.name}" exceeded its progress deadline` };
  if (updatedReplicas < wanted)
    return progressing(`Waiting for rollout to finish: ${updatedReplicas} out of ${wanted} new replicas have been updated...`);
  if (replicas > updatedReplicas)
    return progressing(`Waiting for rollout to finish: ${replicas - updatedReplicas} old replicas are pending termination...`);
  if (availableReplicas < updatedReplicas)
    return progressing(
      `Waiting for rollout to finish: ${availableReplicas} of ${updatedReplicas} updated replicas are available...`,
    );
  return { status: 'Healthy' };
}

export function replicaSetHealth(object: KubeObject): Health {
  const { spec, status, observed } = read(object);
  if (!observed)
    return progressing('Waiting for rollout to finish: observed replica set generation less than desired generation');
  const failure = conditionsOf(object).find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failure) return { status: 'Degraded', ...messageFrom(failure) };
  const { availableReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  return availableReplicas < wanted
    ? progressing(`Waiting for rollout to finish: ${availableReplicas} out of ${wanted} new replicas are available...`)
    : { status: 'Healthy' };
}

export function statefulSetHealth(object: KubeObject): Health {
  const { spec, status, observed } = read(object);
  if (!observed) return progressing('Waiting for statefulset spec update to be observed...');
  const { readyReplicas = 0, updatedReplicas = 0 } = status;
  const wanted = spec.replicas ?? 1;
  if (readyReplicas < wanted) return progressing(`Waiting for ${wanted - readyReplicas} pods to be ready...`);
  const partition = spec.updateStrategy?.rollingUpdate?.partition;
  if (spec.updateStrategy?.type !== 'OnDelete' && partition) {
    if (updatedReplicas < wanted - partition)
      return progressing(
        `Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${wanted - partition} new pods have been updated...`,
      );
    return { status: 'Healthy', message: `partitioned roll out complete: ${updatedReplicas} new pods have been updated...` };
  }
  if (spec.updateStrategy?.type === 'OnDelete') return { status: 'Healthy' };
  if (status.updateRevision !== status.currentRevision)
    return progressing(
      `waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${status.updateRevision}...`,
    );
  return { status: 'Healthy' };
}

export function daemonSetHealth(object: KubeObject): Health {
  const { spec, status, observed } = read(object);
  const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status;
  if (!observed) return progressing('Waiting for rollout to finish: observed daemon set generation less than desired generation');
  if (spec.updateStrategy?.type === 'OnDelete') return { status: 'Healthy' };
  if (updatedNumberScheduled < desiredNumberScheduled)
    return progressing(
      `Waiting for daemon set "${object.metadata.name}" rollout to finish: ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...`,
    );
  if (numberAvailable < desiredNumberScheduled)
    return progressing(
      `Waiting for daemon set "${object.metadata.name}" rollout to finish: ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...`,
    );
  return { status: 'Healthy' };
}
