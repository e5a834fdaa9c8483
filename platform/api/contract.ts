// What the appliance's HTTP API answers beside the views of core: the platform's status, a rebuild's report, a sync's request.
import type { FieldChange, HealthState, ResourceOutcome, SyncState } from '../core/index.ts';

/** `up --json` and `status --json`. */
export interface PlatformStatus {
  name: string;
  version: string;
  home: string;
  provider: string;
  ready: boolean;
  pid: number;
  api: string;
  git: { url: string; repositories: string[] };
  registry: string;
  ingress: { port: number };
  kubeconfig: string;
  apps: { name: string; environment: string; sync: SyncState; health: HealthState; revision: string; drift: number }[];
  /** Pods that are simulated, because no runtime here can run their image. */
  simulatedPods: string[];
}

export interface RebuildPhase {
  name: string;
  ms: number;
}

/** `rebuild --report`. */
export interface RebuildReport {
  recoveryMs: number;
  phases: RebuildPhase[];
  before: number;
  after: number;
  equal: number;
  different: { resource: string; namespace?: string; changes: FieldChange[] }[];
  missing: string[];
  extra: string[];
  /** What Git cannot hold: each a sentence that names it. */
  lost: string[];
  lastCommit: string;
  finishedAt: string;
}

export interface SyncRequest {
  dryRun?: boolean;
  prune?: boolean;
  revision?: string;
  /** `Kind/name` of those to sync; all when absent. */
  resources?: string[];
  /** The typed name that a guarded environment asks for. */
  confirm?: string;
}

export interface SyncResponse {
  application: string;
  revision: string;
  phase: 'Succeeded' | 'Failed';
  message: string;
  ms: number;
  resources: ResourceOutcome[];
}

/** What the pipeline says of a commit, by one workflow. */
export interface CommitStatus {
  repository: string;
  sha: string;
  /** The workflow's name. */
  context: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  /** One line: what it waits for, or why it failed. */
  description: string;
  /** The run that says so. */
  run: string;
}

/** Only `roles` push to the branch, and nobody deletes it or replaces its history. */
export interface ProtectedBranch {
  branch: string;
  roles: string[];
}

/** Who calls: from the bearer token. Roles: `lead` may sync and roll back guarded environments, `developer` all others, `bot` none. */
export interface Caller {
  user: string;
  role: 'lead' | 'developer' | 'bot';
}

export type {
  ApplicationView,
  DriftView,
  HistoryView,
  JournalEntry,
  ObjectDiffView,
  ResourceView,
  RunView,
} from '../core/index.ts';
