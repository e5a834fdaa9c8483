// Where a Kubernetes cluster comes from. Everything else reaches it only by the API that its kubeconfig names.
import type { AuditSource } from '../../platform/gitops/index.ts';

/** A way to have a cluster. One instance of it belongs to one platform. */
export interface ClusterProvider {
  readonly name: string;
  /** Of which base images must be built: `host-node` needs daruma's own node, `assembled` runs anywhere. */
  readonly imageBase: 'host-node' | 'assembled';
  /** Creates the cluster, or resumes the one that is there; resolves when its API is ready and its nodes can run pods. */
  start(options: { signal: AbortSignal; onProgress: (detail: string) => void }): Promise<StartedCluster>;
  /** Removes the cluster and all that it holds; what is not ours stays. A later `start` makes a new one. */
  destroy(): Promise<void>;
}

export interface StartedCluster extends AsyncDisposable {
  /** One line for people: `embedded · Kubernetes 1.34 API`. */
  description: string;
  kubeconfigPath: string;
  /** Where HTTP for `*.localhost` is answered. */
  ingressPort: number;
  audit?: AuditSource;
  /** `namespace/name` of pods that run no process. */
  simulatedPods(): string[];
}
