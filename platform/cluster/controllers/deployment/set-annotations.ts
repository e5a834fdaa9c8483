// What a ReplicaSet tells of its Deployment in annotations: revision, its history, the sizes it was scaled for, and copies of the rest.
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import {
  DESIRED_REPLICAS,
  type Deployment,
  desiredReplicas,
  MAX_REPLICAS,
  REVISION,
  REVISION_HISTORY,
  revisionOf,
  rollingLimits,
} from './deployment.ts';

const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
]);

type Annotations = Record<string, string>;

export function sizeAnnotations(deployment: Deployment): Annotations {
  const replicas = desiredReplicas(deployment);
  return {
    [DESIRED_REPLICAS]: String(replicas),
    [MAX_REPLICAS]: String(replicas + rollingLimits(deployment).maxSurge),
  };
}

export function hasCurrentSizes(set: ReplicaSet, deployment: Deployment): boolean {
  return Object.entries(sizeAnnotations(deployment)).every(([key, value]) => set.metadata.annotations?.[key] === value);
}

/** The annotations of the new set at a revision: a higher revision than its own pushes the old number into its history. */
export function annotationsAtRevision(deployment: Deployment, set: ReplicaSet | undefined, revision: number): Annotations {
  const annotations: Annotations = { ...set?.metadata.annotations };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {}))
    if (!NOT_COPIED.has(key)) annotations[key] = value;
  if (!set) return { ...annotations, [REVISION]: String(revision), ...sizeAnnotations(deployment) };
  const own = revisionOf(set);
  if (own < revision) {
    annotations[REVISION] = String(revision);
    if (own > 0) annotations[REVISION_HISTORY] = [...(annotations[REVISION_HISTORY]?.split(',') ?? []), String(own)].join(',');
  }
  return annotations;
}
