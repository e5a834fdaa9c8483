export { type NodeOptions, type RegistryAccess, type RunningNode, startNode } from './start-node.ts';
export type { PodUsage } from './usage.ts';
