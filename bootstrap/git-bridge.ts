// Lets the GitOps engine read and write the hosted repositories, in its own words.
import { DarumaError } from '../platform/core/index.ts';
import { NO_COMMIT, type Repositories } from '../platform/git/index.ts';
import type { DeployedRecord, GitReader, GitWriter } from '../platform/gitops/index.ts';

const DEPLOYED = 'refs/daruma/deployed/';
export const BRANCH = 'main';

/** Commits made here are announced by the repositories themselves, like pushes. */
export function gitBridge(repositories: Repositories): GitReader & GitWriter {
  const resolve = async (repository: string, revision: string): Promise<string | undefined> => {
    try {
      return await repositories.resolve(repository, revision);
    } catch (error) {
      if (error instanceof DarumaError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  };
  const readTree = async (repository: string, sha: string, path: string): Promise<Map<string, Uint8Array>> => {
    const file = path === '' ? undefined : await repositories.readFile(repository, sha, path);
    if (file) return new Map([[path, file]]);
    if ((await repositories.treeHash(repository, sha, path)) === undefined) return new Map();
    const files = await repositories.readTree(repository, sha, path);
    return new Map([...files].map(([name, content]) => [path === '' ? name : `${path}/${name}`, content]));
  };

  return {
    resolve,
    readTree,
    treeHash: (repository, sha, path) => repositories.treeHash(repository, sha, path),
    changedPaths: (repository, before, after) => repositories.changedPaths(repository, before, after),
    log: async (repository, { from, exclude, paths, limit }) => {
      const entries = await repositories.log(repository, {
        from,
        ...(exclude ? { to: exclude } : {}),
        ...(paths ? { paths } : {}),
        ...(limit ? { limit } : {}),
      });
      return entries.map(({ sha, subject, author, date }) => ({ sha, subject, author, time: date }));
    },
    writeDeployed: async (repository, record) => {
      await repositories.writeRef(repository, {
        ref: `${DEPLOYED}${record.application}/${record.id}`,
        target: record.revision,
        message: JSON.stringify(record),
        by: record.actor,
        at: new Date(record.deployedAt),
      });
    },
    readDeployed: async repository => {
      const refs = await repositories.readRefs(repository, DEPLOYED);
      return refs.flatMap(({ message }) => {
        try {
          return [JSON.parse(message) as DeployedRecord];
        } catch {
          return [];
        }
      });
    },
    restorePath: async ({ repository, branch, path, revision, message, author }) => {
      const wanted = await readTree(repository, revision, path);
      const result = await repositories.commitFiles({
        repository,
        branch,
        author: { name: author, email: `${author}@daruma.internal` },
        user: author,
        message,
        changes: async parent => {
          const present = parent ? await readTree(repository, parent, path) : new Map<string, Uint8Array>();
          const removed = [...present.keys()].filter(name => !wanted.has(name)).map(name => [name, null] as const);
          return new Map<string, Uint8Array | null>([...wanted, ...removed]);
        },
      });
      return { before: result.parent ?? NO_COMMIT, after: result.sha };
    },
  };
}
