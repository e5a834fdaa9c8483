// What the journal holds: one typed event for every step of the main line, for whoever reads what happened.

/** One entry of a sync plan or result. Actions as `kubectl apply` words them. */
export interface ResourceOutcome {
  /** `Kind/name`, or `Kind.group/name` outside the core group. */
  resource: string;
  namespace?: string;
  action: 'created' | 'configured' | 'unchanged' | 'pruned' | 'recreated' | 'failed' | 'skipped';
  message?: string;
}

/** A field that the cluster holds otherwise than Git. Secret values are masked. */
export interface FieldChange {
  path: string;
  /** As in Git. Undefined: not in Git. */
  desired?: unknown;
  /** As in the cluster. Undefined: not in the cluster. */
  live?: unknown;
}

/** Who changed something, as well as it is known. */
export interface Attribution {
  manager?: string;
  user?: string;
  client?: string;
  sourceAddress?: string;
  verb?: string;
  time?: string;
  /** `audit`: from the API server's audit trail; `managedFields`: by field manager only. */
  source: 'audit' | 'managedFields';
}

/** Event types and their payloads. Every event may also carry the fields of `JournalEntry`. */
export interface EventPayloads {
  'platform.started': { home: string; provider: string; version: string; ms: number };
  'platform.stopped': { reason: string };
  'git.push': {
    repository: string;
    ref: string;
    before: string;
    after: string;
    commits: { sha: string; subject: string; author: string }[];
    forced: boolean;
  };
  /** Without `roles`: the branch is no longer protected. */
  'git.protection': { repository: string; branch: string; roles?: string[] };
  'pipeline.run.started': { run: string; repository: string; sha: string; workflow: string };
  'pipeline.step.finished': {
    run: string;
    job: string;
    step: string;
    outcome: 'success' | 'failure' | 'skipped' | 'cancelled';
    ms: number;
  };
  'pipeline.run.finished': {
    run: string;
    repository: string;
    sha: string;
    outcome: 'success' | 'failure' | 'cancelled';
    ms: number;
    image?: string;
    digest?: string;
    reason?: string;
  };
  'registry.push': { repository: string; reference: string; digest: string };
  'gitops.sync.started': {
    application: string;
    revision: string;
    trigger: 'automatic' | 'manual' | 'self-heal' | 'rebuild' | 'rollback';
  };
  'gitops.resource': { application: string } & ResourceOutcome;
  'gitops.sync.finished': {
    application: string;
    revision: string;
    outcome: 'succeeded' | 'failed';
    ms: number;
    message: string;
    changes: number;
  };
  'gitops.status': { application: string; sync: string; health: string; revision: string; message?: string };
  'gitops.drift.found': {
    application: string;
    resource: string;
    namespace?: string;
    kind: 'changed' | 'deleted' | 'extra';
    changes: FieldChange[];
    by?: Attribution;
  };
  'gitops.drift.healed': { application: string; resource: string; namespace?: string; ms: number };
  'gitops.drift.attributed': { application: string; resource: string; namespace?: string; by: Attribution };
  'gitops.rollback': { application: string; toId: number; commit: string };
  'gitops.error': { application?: string; message: string };
  'cluster.destroyed': { provider: string };
  'rebuild.finished': { recoveryMs: number; equal: number; different: number; missing: number; extra: number };
}

export type EventType = keyof EventPayloads;

/** A journal line. `seq` rises by one with each; `time` is RFC 3339 in UTC with milliseconds. */
export type JournalEntry = {
  [T in EventType]: { seq: number; time: string; type: T; actor?: string; data: EventPayloads[T] };
}[EventType];

/** Where subsystems say what happened. `record` returns at once; the entry is on disk after `flush`. */
export interface EventSink {
  record<T extends EventType>(type: T, data: EventPayloads[T], options?: { actor?: string }): JournalEntry;
}
