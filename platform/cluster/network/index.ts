export type { ClusterNetwork, HostEndpoint, PodEnvironmentOptions } from './cluster-network.ts';
export type { Endpoint } from './service-table.ts';
export { type IngressOptions, type RunningIngress, startIngress } from './start-ingress.ts';
export { type NetworkOptions, startNetwork } from './start-network.ts';
