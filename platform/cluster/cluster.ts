// Composes one embedded cluster: store ← API server ← controllers, node and network, each a client of the API alone.
import type { Clock, Logger } from '../core/index.ts';
import type { AuditLog } from './apiserver/index.ts';
import type { RegistryAccess } from './node/index.ts';

/** Who wrote what, as it happens. */
export type ClusterAudit = Pick<AuditLog, 'follow' | 'followEntries'>;

export interface ClusterOptions {
  /** Store, certificates, kubeconfig and the node's files; made when missing. */
  dataDir: string;
  /** 0: any free port. */
  port: number;
  /** Objects live in memory alone. */
  ephemeral?: boolean;
  /** A CSV of bearer tokens in kube-apiserver's format. */
  tokenAuthFile?: string;
  /** The API server alone: no controllers, no node, no ServiceAccount admission. */
  bare?: boolean;
  /** Names of nodes whose pods run without a process; instead of the node of this machine. */
  simulatedNodes?: readonly string[];
  ingressPort?: number;
  registry?: RegistryAccess;
  logger: Logger;
  clock?: Clock;
}

export interface RunningCluster extends AsyncDisposable {
  /** https://127.0.0.1:PORT */
  readonly url: string;
  readonly port: number;
  /** Admin credentials with the CA inside; mode 0600. */
  readonly kubeconfigPath: string;
  readonly ingressPort?: number;
  readonly audit: ClusterAudit;
  /** `namespace/name` of pods that are shown as running without a process. */
  simulatedPods(): string[];
}

/** Resolves when /readyz is ok, nodes included. Disposing stops everything, in reverse. @throws DarumaError PORT_IN_USE, STORE_DAMAGED */
export declare function startCluster(options: ClusterOptions): Promise<RunningCluster>;
