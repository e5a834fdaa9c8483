// Where a platform keeps its state: one folder, whose layout is told here alone.
import { join } from 'node:path';

/** Paths in a home. Folders are made by whoever writes into them. */
export function homePaths(home: string) {
  return {
    root: home,
    lock: join(home, 'lock'),
    config: join(home, 'config.json'),
    journal: join(home, 'journal.jsonl'),
    logs: join(home, 'logs'),
    credentials: join(home, 'credentials.json'),
    certificates: join(home, 'certificates'),
    kubeconfig: join(home, 'kubeconfig'),
    cluster: join(home, 'cluster'),
    repositories: join(home, 'git'),
    registry: join(home, 'registry'),
    pipeline: join(home, 'pipeline'),
    gitops: join(home, 'gitops'),
    reports: join(home, 'reports'),
  };
}

export type HomePaths = ReturnType<typeof homePaths>;
