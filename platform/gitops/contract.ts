// What the GitOps engine needs from outside and what it offers: the seams that bootstrap wires.
import type {
  ApplicationView,
  Attribution,
  Clock,
  DriftView,
  EventSink,
  HistoryView,
  Logger,
  ObjectDiffView,
  ResourceOutcome,
  ResourceView,
} from '../core/index.ts';
import type { KubeClient, KubeObject } from '../kube/index.ts';

export interface GitCommit {
  sha: string;
  subject: string;
  author: string;
  /** RFC 3339. */
  time: string;
}

/** Reads of hosted repositories. Paths are relative to a repository's root, without a leading slash; `''` is the root. */
export interface GitReader {
  /** The full SHA of a branch, tag, semver range, `HEAD` or SHA; undefined when there is none. */
  resolve(repository: string, revision: string): Promise<string | undefined>;
  /** Every file below `path` (or the file itself), keyed by its path from the repository's root. Empty when there is none. */
  readTree(repository: string, sha: string, path: string): Promise<Map<string, Uint8Array>>;
  /** The object id of the tree or blob at `path`; undefined when there is none. */
  treeHash(repository: string, sha: string, path: string): Promise<string | undefined>;
  /** Commits reachable from `from`, newest first; those reachable from `exclude` left out; only those that touch one of `paths`. */
  log(
    repository: string,
    options: { from: string; exclude?: string; paths?: string[]; limit?: number; signal?: AbortSignal },
  ): Promise<GitCommit[]>;
  /** Paths of files that differ between two commits. */
  changedPaths(repository: string, before: string, after: string): Promise<string[]>;
}

/** A successful deployment, kept in Git as `refs/daruma/deployed/<application>/<id>`. */
export interface DeployedRecord {
  id: number;
  application: string;
  revision: string;
  actor: string;
  /** RFC 3339. */
  deployedAt: string;
  images: string[];
  trigger: string;
  /** Application parameters of the sync: the source as it was rendered. */
  source: { repoURL: string; path: string; targetRevision: string };
  partial?: boolean;
}

/** Writes of hosted repositories. Both are durable before they resolve. */
export interface GitWriter {
  /** Keeps a record under a new ref; refuses to overwrite one. */
  writeDeployed(repository: string, record: DeployedRecord): Promise<void>;
  /** All records of a repository, in no order. */
  readDeployed(repository: string): Promise<DeployedRecord[]>;
  /**
   * A commit on `branch` after which everything below `path` is as in `revision`. Resolves to its SHA, or to the branch's tip when
   * nothing differs. Retries when the branch moves meanwhile, as long as `path` is not touched.
   */
  restorePath(options: {
    repository: string;
    branch: string;
    path: string;
    revision: string;
    message: string;
    author: string;
  }): Promise<{ before: string; after: string }>;
}

/** One write to an object as the API server's audit log tells it. */
export interface AuditedWrite {
  /** API group ('' for core), plural resource and name as in the request. */
  group: string;
  resource: string;
  namespace?: string;
  name: string;
  uid?: string;
  /** After the write; absent for Secrets and deletions. */
  resourceVersion?: string;
  by: Omit<Attribution, 'source' | 'manager'>;
}

export interface AuditSource {
  /** Calls `listener` with every later write until the signal aborts. */
  follow(listener: (write: AuditedWrite) => void, options: { signal: AbortSignal }): void;
}

export type Role = 'lead' | 'developer' | 'bot';

export interface PushNotice {
  repository: string;
  /** `refs/heads/main`. */
  ref: string;
  /** Forty zeros for a new ref. */
  before: string;
  /** Forty zeros for a deleted ref. */
  after: string;
  actor: string;
}

export interface GitopsSyncRequest {
  actor: string;
  role: Role;
  dryRun?: boolean;
  prune?: boolean;
  /** A branch, tag or SHA in place of the target revision. Refused for automated applications, as Argo CD does. */
  revision?: string;
  /** `Kind/name`, or `Kind.group/name`, of those to sync; all when absent. */
  resources?: string[];
  /** The typed name that a guarded application asks for. */
  confirm?: string;
  signal?: AbortSignal;
}

export interface GitopsSyncResult {
  application: string;
  revision: string;
  phase: 'Succeeded' | 'Failed';
  message: string;
  ms: number;
  resources: ResourceOutcome[];
}

/** A managed object without what a cluster assigns by itself; Secret values are replaced by keyed hashes. */
export interface ManagedObject {
  application: string;
  /** `Kind/name` or `Kind.group/name`. */
  resource: string;
  namespace?: string;
  object: KubeObject;
}

export interface GitopsOptions {
  client: KubeClient;
  git: GitReader & GitWriter;
  /** The hosted repository behind a URL as it stands in manifests; undefined when it is not one of ours. */
  resolveRepository(repoURL: string): string | undefined;
  events: EventSink;
  audit?: AuditSource;
  /** Where Application and AppProject objects live. */
  namespace: string;
  clock: Clock;
  logger: Logger;
  /** A folder for what may be lost: the unpacked engine. */
  cacheDir: string;
  /** The application of applications, created when the cluster has none of its name. */
  root?: { name: string; repoURL: string; path: string; targetRevision: string };
  /** Holds automated syncs back until `restore` has been called: for a rebuild. */
  awaitRestore?: boolean;
}

/** The running engine. Views are copies of what is known now; nothing in them asks the cluster. */
export interface Gitops extends AsyncDisposable {
  /** By name. */
  applications(): Promise<ApplicationView[]>;
  /** @throws DarumaError NOT_FOUND */
  application(name: string): Promise<ApplicationView>;
  /** @throws DarumaError NOT_FOUND */
  resources(name: string): Promise<ResourceView[]>;
  /**
   * What a sync would change, asked of the API server by dry run.
   * `local`: files keyed by path from the repository's root, in place of Git's. @throws NOT_FOUND, RENDER_FAILED
   */
  diff(
    name: string,
    options?: { revision?: string; local?: Map<string, Uint8Array>; signal?: AbortSignal },
  ): Promise<ObjectDiffView[]>;
  /**
   * Runs one sync to its end; waits behind one that runs already.
   * @throws NOT_FOUND, FORBIDDEN, CONFIRMATION_NEEDED, RENDER_FAILED, CONFLICT. A sync that ran and failed resolves with phase `Failed`.
   */
  sync(name: string, request: GitopsSyncRequest): Promise<GitopsSyncResult>;
  /** Newest first. @throws NOT_FOUND */
  history(name: string): Promise<HistoryView[]>;
  /**
   * Commits the application's own path as it was at history entry `id` (default: the newest of another revision) and deploys that commit.
   * @throws NOT_FOUND, FORBIDDEN, CONFIRMATION_NEEDED, CONFLICT naming the commit that changed a shared base since
   */
  rollback(
    name: string,
    options: { id?: number; actor: string; role: Role; confirm?: string; signal?: AbortSignal },
  ): Promise<{ commit: string; toId: number; sync: GitopsSyncResult }>;
  /** The newest 200 drifts of all applications, newest first. */
  drift(): DriftView[];
  /** Tells of a push. Returns at once; the work is done behind. The same push may be told twice. */
  onPush(push: PushNotice): void;
  /**
   * Resolves when every automated application is Synced and Healthy or has failed, and nothing is queued.
   * @throws DarumaError TIMEOUT naming what is waited for
   */
  settled(options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<void>;
  /** Every managed object as in the cluster, ordered. */
  snapshot(): Promise<ManagedObject[]>;
  /** Deploys each application's last deployed revision (Git's records; `revisions` overrides by application), then frees automated syncs. */
  restore(options?: { revisions?: Record<string, string>; signal?: AbortSignal }): Promise<GitopsSyncResult[]>;
}
