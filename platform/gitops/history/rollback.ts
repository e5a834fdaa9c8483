// What a rollback would do: back to which deployment, and whether the application's own path alone brings it back.
import { DarumaError } from '../../core/index.ts';
import type { DeployedRecord, GitReader } from '../contract.ts';
import type { Application } from '../model/index.ts';
import { within } from '../render/index.ts';

export interface RollbackPlan {
  to: DeployedRecord;
  branch: string;
  path: string;
}

interface RollbackOptions {
  application: Application;
  repository: string;
  history: DeployedRecord[];
  id?: number;
  /** The branch's tip. */
  head: string;
  /** Folders that the application is rendered from at `head`. */
  paths: string[];
  git: GitReader;
}

/** @throws DarumaError NOT_FOUND, CONFLICT naming the commit that changed a shared folder since */
export async function planRollback(options: RollbackOptions): Promise<RollbackPlan> {
  const { application, repository, history, id, head, paths, git } = options;
  const { path, targetRevision } = application.source;
  const whole = history.filter(record => !record.partial);
  const current = whole.at(-1);
  const to =
    id === undefined ? whole.findLast(record => record.revision !== current?.revision) : whole.find(record => record.id === id);
  if (!to)
    throw new DarumaError(
      'NOT_FOUND',
      id === undefined
        ? `${application.name} has no earlier deployment to roll back to`
        : `${application.name} has no deployment ${id}`,
      { hint: `daruma history ${application.name}` },
    );
  const branch = targetRevision.replace(/^refs\/heads\//, '');
  if (branch === head || /^[0-9a-f]{7,40}$/.test(branch))
    throw new DarumaError('CONFLICT', `${application.name} is pinned to ${branch.slice(0, 7)}, not to a branch`, {
      hint: 'a rollback is a commit: set spec.source.targetRevision to a branch',
    });
  if ((await git.treeHash(repository, to.revision, path)) === undefined)
    throw new DarumaError('CONFLICT', `${path} did not exist at ${to.revision.slice(0, 7)}`);
  for (const shared of paths.filter(folder => !within(path, folder))) {
    const [then, now] = await Promise.all([
      git.treeHash(repository, to.revision, shared),
      git.treeHash(repository, head, shared),
    ]);
    if (then === now) continue;
    const [commit] = await git.log(repository, { from: head, exclude: to.revision, paths: [shared], limit: 1 });
    throw new DarumaError(
      'CONFLICT',
      `${shared}, which ${application.name} shares with others, has changed since deployment ${to.id}` +
        (commit ? `: ${commit.sha.slice(0, 7)} "${commit.subject}" by ${commit.author}` : ''),
      {
        hint: `revert that commit, or set in ${path} what must be as it was`,
        data: { path: shared, ...(commit ? { commit: commit.sha } : {}) },
      },
    );
  }
  return { to, branch, path };
}
