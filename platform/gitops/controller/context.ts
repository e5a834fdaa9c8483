// What the parts of the controller share while the engine runs.
import type { Clock, EventSink, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import type { GitReader, GitWriter } from '../contract.ts';
import type { AppProject, Condition } from '../model/index.ts';
import type { Sources } from '../source/index.ts';
import type { AppState } from './app-state.ts';
import type { DriftLog } from './drift-log.ts';
import type { Evaluator } from './evaluator.ts';
import type { KeyIndex } from './key-index.ts';
import type { LiveState } from './live-state.ts';

export interface EngineContext {
  client: KubeClient;
  git: GitReader & GitWriter;
  sources: Sources;
  live: LiveState;
  evaluator: Evaluator;
  keys: KeyIndex;
  drifts: DriftLog;
  events: EventSink;
  clock: Clock;
  logger: Logger;
  /** Where Applications live. */
  namespace: string;
  /** Aborts when the engine stops. */
  signal: AbortSignal;
  /** Bounds the requests in flight. */
  limit<T>(work: () => Promise<T>): Promise<T>;
  project(name: string): { project?: AppProject; conditions: Condition[] };
  /** True when an application of this name exists. */
  exists(application: string): boolean;
  /** True while automated syncs are held back for a restore. */
  held(): boolean;
  /** Tells views, journal and the Application's status of a new state; resolves when the status is written. */
  publish(state: AppState): Promise<void>;
  /** Puts a refresh into the application's queue, once. */
  requestRefresh(name: string): void;
  /** The same after a while. */
  requestRefreshIn(name: string, delayMs: number): void;
}
