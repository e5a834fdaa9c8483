// The door of simulated nodes: Ready nodes whose pods run without a process, for tests and tools.
export { type SimulatedNodes, type SimulatedNodesOptions, startSimulatedNodes } from './simulated-nodes.ts';
