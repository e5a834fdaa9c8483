// The API's operations over the subsystems of one appliance.
import type {
  Caller,
  CommitStatus,
  PlatformOperations,
  PlatformStatus,
  ProtectedBranch,
  RebuildReport,
  SyncRequest,
  SyncResponse,
} from '../platform/api/index.ts';
import {
  type ApplicationView,
  DarumaError,
  type DriftView,
  type HistoryView,
  type HomePaths,
  type Journal,
  type ObjectDiffView,
  type ResourceView,
  type RunView,
} from '../platform/core/index.ts';
import type { Repositories } from '../platform/git/index.ts';
import type { Pipeline } from '../platform/pipeline/index.ts';
import type { ClusterSide } from './cluster-side.ts';
import { commitStatuses } from './commit-statuses.ts';
import { readLog } from './log-files.ts';

export interface OperationsOptions {
  paths: HomePaths;
  side: ClusterSide;
  pipeline: () => Pipeline;
  repositories: () => Repositories;
  journal: Journal;
  status(): Promise<PlatformStatus>;
  rebuild(): Promise<RebuildReport>;
  shutdown(reason: string): void;
}

/** The roles that a branch can be kept for. */
const ROLES: readonly string[] = ['lead', 'developer', 'bot'] satisfies Caller['role'][];

export class Operations implements PlatformOperations {
  readonly #options: OperationsOptions;
  #rebuilding = false;

  constructor(options: OperationsOptions) {
    this.#options = options;
  }

  get #gitops() {
    return this.#options.side.gitops;
  }

  status(): Promise<PlatformStatus> {
    return this.#options.status();
  }

  async applications(): Promise<ApplicationView[]> {
    return this.#options.side.started ? this.#gitops.applications() : [];
  }

  application(name: string): Promise<ApplicationView> {
    return this.#gitops.application(name);
  }

  resources(name: string): Promise<ResourceView[]> {
    return this.#gitops.resources(name);
  }

  diff(name: string, { revision, local }: { revision?: string; local?: Record<string, string> }): Promise<ObjectDiffView[]> {
    const files = local && new Map(Object.entries(local).map(([path, text]) => [path, Buffer.from(text)]));
    return this.#gitops.diff(name, { ...(revision ? { revision } : {}), ...(files ? { local: files } : {}) });
  }

  history(name: string): Promise<HistoryView[]> {
    return this.#gitops.history(name);
  }

  async sync(name: string, request: SyncRequest, { user, role }: Caller): Promise<SyncResponse> {
    return this.#gitops.sync(name, { ...request, actor: user, role });
  }

  async rollback(
    name: string,
    request: { id?: number; confirm?: string },
    { user, role }: Caller,
  ): Promise<{ commit: string; toId: number }> {
    const { commit, toId, sync } = await this.#gitops.rollback(name, { ...request, actor: user, role });
    if (sync.phase === 'Failed')
      throw new DarumaError(
        'SYNC_FAILED',
        `commit ${commit.slice(0, 7)} restores ${name}, but its sync failed: ${sync.message}`,
        { hint: `daruma sync ${name}` },
      );
    return { commit, toId };
  }

  drift(): DriftView[] {
    return this.#options.side.started ? this.#gitops.drift() : [];
  }

  runs(): RunView[] {
    return this.#options.pipeline().runs();
  }

  run(id: string): RunView {
    const run = this.#options.pipeline().run(id);
    if (!run) throw new DarumaError('NOT_FOUND', `there is no pipeline run ${id}`, { hint: 'daruma runs lists them' });
    return run;
  }

  async *runLog(id: string, options: { follow: boolean; signal: AbortSignal }): AsyncIterable<string> {
    for await (const line of this.#options.pipeline().logs(id, options)) yield `${line}\n`;
  }

  async *podLog(options: Parameters<PlatformOperations['podLog']>[0]): AsyncIterable<string> {
    const { namespace, pod, container, follow, tailLines, signal } = options;
    const decoder = new TextDecoder();
    const log = await this.#options.side.client.log(
      { namespace, name: pod, ...(container ? { container } : {}) },
      { follow, signal, ...(tailLines ? { tailLines } : {}) },
    );
    for await (const chunk of log) yield decoder.decode(chunk, { stream: true });
  }

  log({ subsystem, follow, signal }: { subsystem?: string; follow: boolean; signal: AbortSignal }): AsyncIterable<string> {
    return readLog(this.#options.paths, { ...(subsystem ? { subsystem } : {}), ...(follow ? { follow: signal } : {}) });
  }

  async rebuild({ role, user }: Caller): Promise<RebuildReport> {
    if (role !== 'lead')
      throw new DarumaError('FORBIDDEN', `${user} may not rebuild the cluster`, { hint: 'a lead may: --user lead' });
    if (this.#rebuilding)
      throw new DarumaError('CONFLICT', 'a rebuild is running', { hint: 'daruma events --follow shows its progress' });
    this.#rebuilding = true;
    try {
      return await this.#options.rebuild();
    } finally {
      this.#rebuilding = false;
    }
  }

  async statuses(repository: string, revision: string): Promise<CommitStatus[]> {
    const sha = await this.#options.repositories().resolve(repository, revision);
    return commitStatuses(this.#options.pipeline().runs(), { repository, sha });
  }

  protections(repository: string): Promise<ProtectedBranch[]> {
    return this.#options.repositories().protections(repository);
  }

  async protect(
    repository: string,
    branch: string,
    roles: string[] | undefined,
    { role, user }: Caller,
  ): Promise<ProtectedBranch[]> {
    if (role !== 'lead')
      throw new DarumaError('FORBIDDEN', `${user} may not change who pushes to ${branch} of ${repository}`, {
        hint: 'a lead may: --user lead',
      });
    const unknown = roles?.find(name => !ROLES.includes(name));
    if (unknown !== undefined)
      throw new DarumaError('INVALID_INPUT', `there is no role ${unknown}`, { hint: `roles: ${ROLES.join(', ')}` });
    const repositories = this.#options.repositories();
    if (roles) await repositories.protect(repository, branch, { roles });
    else await repositories.unprotect(repository, branch);
    this.#options.journal.record('git.protection', { repository, branch, ...(roles ? { roles } : {}) }, { actor: user });
    return repositories.protections(repository);
  }

  shutdown({ role, user }: Caller): void {
    if (role === 'bot') throw new DarumaError('FORBIDDEN', `${user} may not stop the platform`);
    this.#options.shutdown(`asked by ${user}`);
  }
}
