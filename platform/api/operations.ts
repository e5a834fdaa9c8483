// What the API asks of the platform: one interface, which bootstrap implements over the subsystems.
import type { ApplicationView, DriftView, HistoryView, ObjectDiffView, ResourceView, RunView } from '../core/index.ts';
import type {
  Caller,
  CommitStatus,
  PlatformStatus,
  ProtectedBranch,
  RebuildReport,
  SyncRequest,
  SyncResponse,
} from './contract.ts';

/** Every method may throw DarumaError; NOT_FOUND, FORBIDDEN, CONFIRMATION_NEEDED and CONFLICT become their HTTP codes. */
export interface PlatformOperations {
  status(): Promise<PlatformStatus>;
  applications(): Promise<ApplicationView[]>;
  application(name: string): Promise<ApplicationView>;
  resources(name: string): Promise<ResourceView[]>;
  /** What a sync would change: to `revision`, or to the files of `local` in place of the application's path. */
  diff(name: string, options: { revision?: string; local?: Record<string, string> }): Promise<ObjectDiffView[]>;
  history(name: string): Promise<HistoryView[]>;
  sync(name: string, request: SyncRequest, caller: Caller): Promise<SyncResponse>;
  /** Goes back by a commit to entry `id` of the history, or to the entry before the current one. */
  rollback(name: string, request: { id?: number; confirm?: string }, caller: Caller): Promise<{ commit: string; toId: number }>;
  drift(): DriftView[];
  runs(): RunView[];
  run(id: string): RunView;
  runLog(id: string, options: { follow: boolean; signal: AbortSignal }): AsyncIterable<string>;
  podLog(options: {
    namespace: string;
    pod: string;
    container?: string;
    tailLines?: number;
    follow: boolean;
    signal: AbortSignal;
  }): AsyncIterable<string>;
  /** Log lines of the platform itself; of one subsystem when named. */
  log(options: { subsystem?: string; follow: boolean; signal: AbortSignal }): AsyncIterable<string>;
  rebuild(caller: Caller): Promise<RebuildReport>;
  /** What the pipeline says of a commit: the newest run of each workflow. `revision`: a branch, tag or SHA. */
  statuses(repository: string, revision: string): Promise<CommitStatus[]>;
  protections(repository: string): Promise<ProtectedBranch[]>;
  /** Protects a branch, or with `undefined` roles lets it go; answers the protections that hold now. */
  protect(repository: string, branch: string, roles: string[] | undefined, caller: Caller): Promise<ProtectedBranch[]>;
  /** Stops the platform; returns at once. */
  shutdown(caller: Caller): void;
}
