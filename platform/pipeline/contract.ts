// What the pipeline takes and gives: the interfaces that bootstrap fills and that others code against.
import type { Clock, EventSink, Logger, RunView } from '../core/index.ts';

/** A ref that moved. Deleted refs (`after` all zeros) start nothing. */
export interface PushEvent {
  repository: string;
  /** Full name, `refs/heads/main`. */
  ref: string;
  before: string;
  after: string;
  /** The authenticated user who pushed. */
  actor: string;
  /** Newest first or last, either way; the subject of `after` is looked up here. */
  commits: { sha: string; subject: string; author: string }[];
}

export interface SourceRepositories {
  /** Writes the tree of `sha` into the existing, empty folder `into`. The files are the run's own to change. */
  checkout(repository: string, sha: string, into: string): Promise<void>;
  /** Whether `path` exists in the tree of `sha`: saves the checkout of repositories without workflows. */
  hasPath?(repository: string, sha: string, path: string): Promise<boolean>;
}

export interface BuildRequest {
  /** The build context on disk, a folder inside the run's workspace. */
  directory: string;
  repository: string;
  sha: string;
  /** `with.tags` of the step, one reference each; absent: the builder names the image by commit and commit time. */
  tags?: string[];
  /** Path of the Dockerfile, relative to `directory`. */
  dockerfile?: string;
  signal: AbortSignal;
  /** One line for the run's log. */
  log(line: string): void;
}

export interface BuildResult {
  /** The name as manifests use it, without a tag: `registry.daruma.internal/demo-app`. */
  image: string;
  tag: string;
  digest: string;
}

export interface BumpRequest {
  image: string;
  tag: string;
  digest: string;
  repository: string;
  /** The commit of the application that the image was built from. */
  sha: string;
  subject: string;
  /** The run's id, for the commit's message. */
  run: string;
  signal: AbortSignal;
}

export interface PipelineActions {
  /** Builds and pushes. Must be repeatable: the same commit may come twice after a crash. */
  buildAndPush(request: BuildRequest): Promise<BuildResult>;
  /**
   * One bot commit that sets the tag in every overlay. Must be repeatable: where all overlays have the tag already it
   * commits nothing and returns the commit that they stand at. Without this function no bump step is added.
   */
  bump?(request: BumpRequest): Promise<{ commit: string }>;
}

export interface CommitStatus {
  repository: string;
  sha: string;
  /** The workflow's name. */
  context: string;
  state: 'pending' | 'success' | 'failure' | 'error';
  description: string;
  run: string;
}

export interface PipelineOptions {
  /** Runs, logs and workspaces live here. */
  directory: string;
  repositories: SourceRepositories;
  actions: PipelineActions;
  events: EventSink;
  logger: Logger;
  clock?: Clock;
  /** `${{ secrets.NAME }}`; their values are masked in logs. */
  secrets?: Record<string, string>;
  /** Called on every change of a commit's status; must not throw. */
  statusSink?: (status: CommitStatus) => void;
  /** Runs at the same time; further ones wait, at most 100, in the order of their pushes. 2 unless told. */
  maxRunning?: number;
  /** The branch whose images are bumped. `main` unless told. */
  bumpBranch?: string;
}

export interface Pipeline extends AsyncDisposable {
  /**
   * Starts one run for each workflow that the push triggers; a workflow that cannot be read becomes a failed run whose
   * reason names file, line and key. The same push told twice starts nothing new and answers the same runs. Resolves when the runs are on disk as queued; they go on by themselves.
   */
  start(push: PushEvent): Promise<RunView[]>;
  /** Newest first; the last 200 are kept. */
  runs(): RunView[];
  run(id: string): RunView | undefined;
  /**
   * Lines of a run's log, without line ends. With `follow` it goes on until the run has ended or the signal aborts.
   * @throws NOT_FOUND
   */
  logs(id: string, options?: { follow?: boolean; signal?: AbortSignal }): AsyncIterable<string>;
  /** Stops a queued or running run and its processes. Returns false when it had ended already. @throws NOT_FOUND */
  cancel(id: string, reason?: string): Promise<boolean>;
  /** Resolves with the ended run. @throws NOT_FOUND */
  finished(id: string, options?: { signal?: AbortSignal }): Promise<RunView>;
}
