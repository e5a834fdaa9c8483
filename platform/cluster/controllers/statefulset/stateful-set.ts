// The fields of StatefulSets, and the identity that each of their pods keeps for life.
import type { KubeObject } from '../../../kube/index.ts';
import { type LabelSelector, type Pod, type PodTemplate, podFrom } from '../../controller-runtime/index.ts';
import { REVISION_HASH } from '../revisions/controller-revision.ts';

export const COMPONENT = 'statefulset-controller';

export interface StatefulSetStatus {
  replicas: number;
  availableReplicas: number;
  readyReplicas?: number;
  currentReplicas?: number;
  updatedReplicas?: number;
  currentRevision?: string;
  updateRevision?: string;
  collisionCount?: number;
  observedGeneration?: number;
}

export interface PersistentVolumeClaim extends KubeObject {
  spec: unknown;
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number;
    selector: LabelSelector;
    serviceName?: string;
    template: PodTemplate;
    podManagementPolicy?: string;
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number; maxUnavailable?: number | string } };
    volumeClaimTemplates?: PersistentVolumeClaim[];
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string; whenScaled?: string };
    ordinals?: { start?: number };
  };
  status?: StatefulSetStatus;
}

export function firstOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

/** The number at the end of a pod's name; undefined when the pod is none of this set's. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const { name = '' } = pod.metadata;
  const ordinal = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^\d+$/.test(ordinal) ? Number(ordinal) : undefined;
}

export function claimName(template: PersistentVolumeClaim, set: StatefulSet, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

export function revisionNameOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_HASH];
}

/** The pod of an ordinal as a revision's template describes it. */
export function newPod(
  set: StatefulSet,
  ordinal: number,
  { template, revision }: { template: PodTemplate; revision: string },
): Pod {
  const pod = podFrom(template, set);
  const name = `${set.metadata.name}-${ordinal}`;
  const claims = set.spec.volumeClaimTemplates ?? [];
  const claimed = new Set(claims.map(claim => claim.metadata.name));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name,
      labels: {
        ...pod.metadata.labels,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
        [REVISION_HASH]: revision,
      },
    },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(set.spec.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(claims.length > 0
        ? {
            volumes: [
              ...claims.map(claim => ({
                name: claim.metadata.name ?? '',
                persistentVolumeClaim: { claimName: claimName(claim, set, ordinal) },
              })),
              ...(pod.spec.volumes ?? []).filter(volume => !claimed.has(volume.name)),
            ],
          }
        : {}),
    },
  };
}
