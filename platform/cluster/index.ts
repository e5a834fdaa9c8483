// The door of the embedded Kubernetes cluster.
export { type ClusterAudit, type ClusterOptions, type RunningCluster, startCluster } from './cluster.ts';
export type { RegistryAccess } from './node/index.ts';
export type { ExecOptions, ExecSession, LogOptions, PodConnector, PodTarget } from './pod-connector.ts';
