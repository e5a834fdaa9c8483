// What a sync works on: one task for each object, and the access to the cluster that it is given.
import type { Clock, ResourceOutcome } from '../../core/index.ts';
import type { KubeClient, KubeObject, ResourceKind } from '../../kube/index.ts';
import type { ForeignField } from '../diff/index.ts';
import type { SyncOptions } from '../model/index.ts';
import type { HookInfo } from './phases.ts';

export interface SyncTask {
  key: string;
  /** As it is applied. */
  object: KubeObject;
  hook?: HookInfo;
  options: SyncOptions;
  /** False when it is known to be as wanted: then no request is made. */
  needsApply: boolean;
  /** Fields of others to take away. */
  foreign: ForeignField[];
  /** Why it must not be touched. */
  refusal?: string;
}

export interface PruneTask {
  key: string;
  live: KubeObject;
  options: SyncOptions;
  /** Why it stays. */
  skipped?: string;
}

/** The live objects as far as they are watched. */
export interface LiveAccess {
  get(object: KubeObject): KubeObject | undefined;
  /** Takes the answer to a write, ahead of its watch event. */
  note(object: KubeObject): void;
  /** Watches these kinds; kinds that the cluster does not serve are left out. */
  ensure(kinds: ResourceKind[]): Promise<void>;
  /** Resolves when `holds` is true; asks again after every change. Rejects with the signal's reason. */
  until(holds: () => boolean, options: { signal: AbortSignal }): Promise<void>;
}

export interface SyncContext {
  client: KubeClient;
  live: LiveAccess;
  clock: Clock;
  /** Ends waits between waves; a write that was begun is finished. */
  signal: AbortSignal;
  dryRun: boolean;
  /** Of this operation; hooks carry it, so that a resumed operation does not repeat one that succeeded. */
  operationId: string;
  /** Bounds the requests in flight. */
  limit<T>(work: () => Promise<T>): Promise<T>;
  report(outcome: ResourceOutcome, object: KubeObject): void;
  /** What is waited for. */
  progress(message: string): void;
}

export interface SyncOutcome {
  succeeded: boolean;
  message: string;
}
