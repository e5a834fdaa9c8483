// The fields of ReplicaSets and ReplicationControllers, which differ in their selector alone.
import type { KubeObject } from '../../../kube/index.ts';
import {
  type Condition,
  type LabelSelector,
  mapMatches,
  type PodTemplate,
  selectorMatches,
} from '../../controller-runtime/index.ts';

export interface ReplicaSetStatus {
  replicas: number;
  fullyLabeledReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  observedGeneration?: number;
  conditions?: Condition[];
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; selector: LabelSelector; template: PodTemplate };
  status?: ReplicaSetStatus;
}

/** How the two kinds differ. */
export interface ReplicaKind {
  apiVersion: string;
  kind: string;
  component: string;
  matches(owner: ReplicaSet, labels: Record<string, string> | undefined): boolean;
}

export const replicaSetKind: ReplicaKind = {
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  component: 'replicaset-controller',
  matches: (owner, labels) => selectorMatches(owner.spec.selector, labels),
};

export const replicationControllerKind: ReplicaKind = {
  apiVersion: 'v1',
  kind: 'ReplicationController',
  component: 'replication-controller',
  matches: (owner, labels) => mapMatches(owner.spec.selector as Record<string, string>, labels),
};
