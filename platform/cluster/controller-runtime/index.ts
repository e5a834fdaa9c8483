// The door of what controllers, scheduler and simulated nodes are made of: shared caches, queues, events, and the shapes of objects.
export { isAlreadyExists, isNamespaceTerminating, isNotFound } from './api-errors.ts';
export type {
  Affinity,
  Condition,
  Container,
  ContainerStatus,
  Namespace,
  Node,
  NodeRequirement,
  NodeSelectorTerm,
  Pod,
  PodAffinityTerm,
  PodSpec,
  PodTemplate,
  Service,
  Toleration,
} from './api-types.ts';
export { conditionOf, withCondition, withoutCondition } from './conditions.ts';
export { ControllerHost, objectKey, timestamp } from './controller.ts';
export { isEmptySelector, type LabelSelector, mapMatches, selectorMatches } from './label-selector.ts';
export type { ObjectCache, ResourceType } from './object-cache.ts';
export { availableIn, inDeletionOrder, isActive, isFinished, isReady, podFrom } from './pods.ts';
export { claim, controllerOf, controllerReference } from './references.ts';
export { canonical, templateHash } from './template-hash.ts';
export type { WorkQueue } from './work-queue.ts';
