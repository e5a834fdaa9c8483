// The model's door: Argo CD's objects as the engine acts on them.
export {
  type AppProject,
  openProject,
  projectProblems,
  readAppProject,
  resourceProblem,
} from './app-project.ts';
export {
  type Application,
  type ApplicationSource,
  ARGO_API,
  type Condition,
  deletionOf,
  type IgnoreRule,
  type KustomizeOptions,
  RESOURCES_FINALIZER,
  type RetryPolicy,
  readApplication,
} from './application.ts';
export { ensureCrds } from './crds.ts';
export { groupKindOf, groupOf, keyOf, labelMatches, resourceLabel, versionOf } from './resource-key.ts';
export { defaultSyncOptions, type SyncOptions, syncOptionsOf } from './sync-options.ts';
export { ownerOf, tracked } from './tracking.ts';
