// What subsystems report to whoever shows it: the shapes that the API, the CLI, the terminal UI and scripts read.
import type { Attribution, FieldChange, ResourceOutcome } from './events.ts';

export type SyncState = 'Synced' | 'OutOfSync' | 'Unknown';
export type HealthState = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';

/** A change behind Git's back, as last seen. `healedMs`: from the change being seen to the object being as in Git again. */
export interface DriftView {
  application: string;
  resource: string;
  namespace?: string;
  kind: 'changed' | 'deleted' | 'extra';
  changes: FieldChange[];
  by?: Attribution;
  seenAt: string;
  healedAt?: string;
  healedMs?: number;
}

/** One resource of an application's tree; children are what it owns. */
export interface ResourceView {
  group: string;
  version: string;
  kind: string;
  namespace?: string;
  name: string;
  sync?: SyncState;
  health?: HealthState;
  message?: string;
  children: ResourceView[];
}

export interface ApplicationView {
  name: string;
  /** The destination namespace: dev, staging, prod; empty for the root application. */
  environment: string;
  sync: SyncState;
  health: HealthState;
  /** What it waits for, or why it failed; one line. */
  message: string;
  /** The full SHA of the last successfully deployed revision, or '' when none. */
  revision: string;
  /** The full SHA that Git wants now. */
  targetRevision: string;
  /** Commits that touch this application's path between `revision` and `targetRevision`. */
  behind: number;
  images: string[];
  replicas: { ready: number; wanted: number };
  drift: DriftView[];
  automated: boolean;
  /** Guards of a manual sync: the typed name and the role that it takes. */
  guard?: { confirm: string; role: string };
  operation?: {
    phase: 'Running' | 'Succeeded' | 'Failed';
    message: string;
    startedAt: string;
    finishedAt?: string;
    resources: ResourceOutcome[];
  };
  conditions: { type: string; message: string }[];
  syncedAt?: string;
  source: { repoURL: string; path: string; targetRevision: string };
}

export interface HistoryView {
  id: number;
  revision: string;
  subject: string;
  actor: string;
  deployedAt: string;
  images: string[];
}

/** One object that a sync would change. */
export interface ObjectDiffView {
  resource: string;
  namespace?: string;
  action: 'create' | 'update' | 'prune' | 'none';
  changes: FieldChange[];
}

export interface RunView {
  id: string;
  number: number;
  repository: string;
  sha: string;
  subject: string;
  actor: string;
  workflow: string;
  state: 'queued' | 'running' | 'success' | 'failure' | 'cancelled';
  startedAt: string;
  finishedAt?: string;
  ms?: number;
  reason?: string;
  image?: string;
  digest?: string;
  jobs: {
    name: string;
    state: RunView['state'] | 'skipped';
    steps: { name: string; state: RunView['state'] | 'skipped'; ms?: number }[];
  }[];
}
