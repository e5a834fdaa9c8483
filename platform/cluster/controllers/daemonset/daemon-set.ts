// The fields of DaemonSets, and the pod that they put on a node.
import type { KubeObject } from '../../../kube/index.ts';
import {
  type LabelSelector,
  type Node,
  type NodeSelectorTerm,
  type Pod,
  type PodTemplate,
  podFrom,
  type Toleration,
} from '../../controller-runtime/index.ts';
import { podFitsNode } from '../../scheduler/index.ts';
import { REVISION_HASH } from '../revisions/controller-revision.ts';

export const COMPONENT = 'daemonset-controller';
const GENERATION_ANNOTATION = 'deprecated.daemonset.template.generation';
const GENERATION_LABEL = 'pod-template-generation';

export interface DaemonSetStatus {
  currentNumberScheduled: number;
  numberMisscheduled: number;
  desiredNumberScheduled: number;
  numberReady: number;
  observedGeneration?: number;
  updatedNumberScheduled?: number;
  numberAvailable?: number;
  numberUnavailable?: number;
  collisionCount?: number;
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector;
    template: PodTemplate;
    minReadySeconds?: number;
    revisionHistoryLimit?: number;
    updateStrategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string } };
  };
  status?: DaemonSetStatus;
}

function daemonTolerations(hostNetwork: boolean): Toleration[] {
  const toleration = (key: string, effect: string): Toleration => ({
    key: `node.kubernetes.io/${key}`,
    operator: 'Exists',
    effect,
  });
  return [
    toleration('not-ready', 'NoExecute'),
    toleration('unreachable', 'NoExecute'),
    toleration('disk-pressure', 'NoSchedule'),
    toleration('memory-pressure', 'NoSchedule'),
    toleration('pid-pressure', 'NoSchedule'),
    toleration('unschedulable', 'NoSchedule'),
    ...(hostNetwork ? [toleration('network-unavailable', 'NoSchedule')] : []),
  ];
}

function withDaemonTolerations(pod: Pod): Pod {
  const present = pod.spec.tolerations ?? [];
  const missing = daemonTolerations(pod.spec.hostNetwork === true).filter(
    ({ key, effect }) => !present.some(toleration => toleration.key === key && toleration.effect === effect),
  );
  return { ...pod, spec: { ...pod.spec, tolerations: [...present, ...missing] } };
}

/** The pod for one node: pinned to it by affinity, so that the scheduler places it like any other. */
export function newPod(set: DaemonSet, node: string, hash: string): Pod {
  const pod = withDaemonTolerations(podFrom(set.spec.template, set));
  const { affinity } = pod.spec;
  const pinned: NodeSelectorTerm['matchFields'] = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const terms = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...revisionLabels(set, hash) } },
    spec: {
      ...pod.spec,
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: terms?.length ? terms.map(term => ({ ...term, matchFields: pinned })) : [{ matchFields: pinned }],
          },
        },
      },
    },
  };
}

function revisionLabels(set: DaemonSet, hash: string): Record<string, string> {
  const generation = set.metadata.annotations?.[GENERATION_ANNOTATION];
  return { [REVISION_HASH]: hash, ...(generation ? { [GENERATION_LABEL]: generation } : {}) };
}

export function isUpdated(pod: Pod, hash: string): boolean {
  return pod.metadata.labels?.[REVISION_HASH] === hash;
}

/** The node that a pod runs on or is pinned to. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName;
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === 'metadata.name')?.values?.[0];
}

export function fits(set: DaemonSet, node: Node): { shouldRun: boolean; shouldContinueRunning: boolean } {
  return podFitsNode(withDaemonTolerations(podFrom(set.spec.template, set)), node);
}
