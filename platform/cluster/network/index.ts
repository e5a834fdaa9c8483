export type { ClusterNetwork, HostEndpoint, PodEnvironmentOptions } from './cluster-network.ts';
export { type NetworkOptions, startNetwork } from './start-network.ts';
