// One rule for each built-in kind that has a health, keyed by `group/Kind`.
import type { KubeObject } from '../../kube/index.ts';
import { conditionsOf, messageFrom } from './conditions.ts';
import type { Health } from './index.ts';
import { podHealth } from './pod.ts';
import { daemonSetHealth, deploymentHealth, replicaSetHealth, statefulSetHealth } from './workloads.ts';

interface IngressStatus {
  loadBalancer?: { ingress?: unknown[] };
}

const healthy: Health = { status: 'Healthy' };

export const healthRules: Record<string, (object: KubeObject) => Health | undefined> = {
  'apps/Deployment': deploymentHealth,
  'apps/ReplicaSet': replicaSetHealth,
  'apps/StatefulSet': statefulSetHealth,
  'apps/DaemonSet': daemonSetHealth,
  '/Pod': podHealth,
  'batch/Job': jobHealth,
  // A CronJob's own state says nothing about its jobs; Argo CD has no rule for it either.
  'batch/CronJob': () => undefined,
  'policy/PodDisruptionBudget': () => undefined,
  'networking.k8s.io/NetworkPolicy': () => undefined,
  '/Namespace': () => undefined,
  '/Service': object => {
    const { type } = (object.spec ?? {}) as { type?: string };
    const { loadBalancer } = (object.status ?? {}) as IngressStatus;
    return type === 'LoadBalancer' && !loadBalancer?.ingress?.length ? { status: 'Progressing' } : healthy;
  },
  'networking.k8s.io/Ingress': object => {
    const { loadBalancer } = (object.status ?? {}) as IngressStatus;
    return loadBalancer?.ingress?.length ? healthy : { status: 'Progressing', message: 'waiting for an address' };
  },
  '/PersistentVolumeClaim': object => {
    const { phase } = (object.status ?? {}) as { phase?: string };
    if (phase === 'Bound') return healthy;
    return { status: phase === 'Lost' ? 'Degraded' : phase === 'Pending' ? 'Progressing' : 'Unknown' };
  },
  'autoscaling/HorizontalPodAutoscaler': object => {
    const conditions = conditionsOf(object);
    const failed = conditions.find(
      ({ status, reason = '' }) => status === 'False' && /^(Failed|InvalidSelector|ErrorInProcessing)/.test(reason),
    );
    if (failed) return { status: 'Degraded', ...messageFrom(failed) };
    const able = conditions.find(
      ({ type, status }) => (type === 'AbleToScale' || type === 'ScalingLimited') && status === 'True',
    );
    return able ? { status: 'Healthy', ...messageFrom(able) } : { status: 'Progressing', message: 'Waiting to Autoscale' };
  },
  'apiregistration.k8s.io/APIService': object => {
    const available = conditionsOf(object).find(({ type }) => type === 'Available');
    return { status: available?.status === 'True' ? 'Healthy' : 'Progressing', ...messageFrom(available) };
  },
  'apiextensions.k8s.io/CustomResourceDefinition': object => {
    const conditions = conditionsOf(object);
    const rejected = conditions.find(
      ({ type, status }) => (type === 'NamesAccepted' && status === 'False') || (type === 'Terminating' && status === 'True'),
    );
    if (rejected) return { status: 'Degraded', ...messageFrom(rejected) };
    const established = conditions.find(({ type, status }) => type === 'Established' && status === 'True');
    return established ? healthy : { status: 'Progressing', message: 'CRD is not established' };
  },
};

function jobHealth(object: KubeObject): Health {
  const { suspend } = (object.spec ?? {}) as { suspend?: boolean };
  const conditions = conditionsOf(object);
  const holds = (type: string) => conditions.find(condition => condition.type === type && condition.status === 'True');
  const failed = holds('Failed');
  if (failed) return { status: 'Degraded', ...messageFrom(failed) };
  const complete = holds('Complete');
  if (complete) return { status: 'Healthy', ...messageFrom(complete) };
  return suspend || holds('Suspended') ? { status: 'Suspended' } : { status: 'Progressing' };
}
