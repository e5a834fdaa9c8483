// The sync's door.
export { checkGuards } from './guards.ts';
export { type HookInfo, hookOf, waveOf } from './phases.ts';
export { retryDelayMs } from './retry.ts';
export { isHook, propagation, runSync } from './run-sync.ts';
export type { LiveAccess, PruneTask, SyncContext, SyncTask } from './task.ts';
