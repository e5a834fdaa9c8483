// The model's door: Argo CD's objects as the engine acts on them.
export {
  type AppProject,
  openProject,
  projectProblems,
  readAppProject,
  resourceProblem,
} from './app-project.ts';
export {
  ARGO_API,
  type Application,
  type ApplicationSource,
  type Condition,
  type IgnoreRule,
  type KustomizeOptions,
  readApplication,
  RESOURCES_FINALIZER,
  type RetryPolicy,
} from './application.ts';
export { ensureCrds } from './crds.ts';
export { groupKindOf, groupOf, keyOf, labelMatches, resourceLabel, versionOf } from './resource-key.ts';
export { type SyncOptions, syncOptionsOf } from './sync-options.ts';
export { ownerOf, TRACKING_ANNOTATION, tracked } from './tracking.ts';
