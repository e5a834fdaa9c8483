// The door of the scheduler: it gives each waiting pod a node, as kube-scheduler does with its default plugins.

export { podFitsNode } from './node-rules.ts';
export { runScheduler } from './scheduler.ts';
