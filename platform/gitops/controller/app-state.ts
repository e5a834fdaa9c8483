// All that is known of one application while the engine runs.
import type { DriftView, FieldChange, HealthState, ResourceOutcome, SyncState } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import type { DeployedRecord, Role } from '../contract.ts';
import type { Application, Condition } from '../model/index.ts';
import type { DesiredSet } from './desired-set.ts';

export type Trigger = 'automatic' | 'manual' | 'self-heal' | 'rebuild' | 'rollback';

/** One resource as compared last. */
export interface ResourceState {
  key: string;
  group: string;
  version: string;
  kind: string;
  namespace?: string;
  name: string;
  /** Undefined for hooks, which are never out of sync. */
  sync?: SyncState;
  health?: HealthState;
  message?: string;
  action: 'create' | 'update' | 'prune' | 'none';
  changes: FieldChange[];
  requiresPruning: boolean;
  hook: boolean;
  wave: number;
  /** Does not count for the application's health. */
  healthIgnored: boolean;
}

export interface Operation {
  id: string;
  trigger: Trigger;
  revision: string;
  actor: string;
  phase: 'Running' | 'Succeeded' | 'Failed';
  message: string;
  startedAt: string;
  finishedAt?: string;
  resources: ResourceOutcome[];
  /** The objects behind `resources`, in the same order. */
  objects: KubeObject[];
  request: { prune: boolean; dryRun: boolean; resources?: string[]; role?: Role };
}

export interface AppState {
  readonly name: string;
  /** The Application as in the cluster. */
  object: KubeObject;
  specHash: string;
  application?: Application;
  specConditions: Condition[];
  /** Why the target could not be determined or compared. */
  comparisonError?: Condition;
  /** From the last sync or heal that failed. */
  syncError?: Condition;
  warnings: Condition[];
  targetRevision: string;
  target?: DesiredSet;
  /** What was applied last, which drift is measured against. */
  deployed?: DesiredSet;
  history: DeployedRecord[];
  behind: number;
  resources: ResourceState[];
  sync: SyncState;
  health: HealthState;
  operation?: Operation;
  /** Ends the waits of a running operation. */
  abort?: AbortController;
  /** The last automatic attempt, so that a revision that failed is not tried without end. */
  attempt?: { revision: string; specHash: string; count: number; succeeded: boolean };
  retryTimer?: AbortController;
  retryAt?: number;
  /** Drifts that are open: reported, and not healed. */
  drifts: Map<string, DriftView>;
  reconciledAt?: string;
  /** An operation found cut short is looked at once. */
  resumeTried?: boolean;
}

export function newAppState(name: string, object: KubeObject): AppState {
  return {
    name,
    object,
    specHash: '',
    specConditions: [],
    warnings: [],
    targetRevision: '',
    history: [],
    behind: 0,
    resources: [],
    sync: 'Unknown',
    health: 'Unknown',
    drifts: new Map(),
  };
}

/** The newest deployment of the whole application; undefined when there was none. */
export function lastDeployment(state: AppState): DeployedRecord | undefined {
  return state.history.findLast(record => !record.partial);
}

/** Everything that the user must be told, worst first. */
export function conditionsOf(state: AppState): Condition[] {
  return [
    ...state.specConditions,
    ...(state.comparisonError ? [state.comparisonError] : []),
    ...(state.syncError ? [state.syncError] : []),
    ...state.warnings,
  ];
}
