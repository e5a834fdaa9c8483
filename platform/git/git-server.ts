// placeholder for the door; replaced at once
import type { Repositories } from './repositories.ts';
import type { GitServerOptions } from './types.ts';
export abstract class GitServer implements AsyncDisposable {
  abstract readonly url: string;
  abstract readonly port: number;
  abstract readonly repositories: Repositories;
  /** Announces what moved while the platform was not there. Call it once everything that listens is ready. */
  abstract announceMissed(): Promise<number>;
  abstract [Symbol.asyncDispose](): Promise<void>;
}
export async function startGitServer(_options: GitServerOptions): Promise<GitServer> {
  throw new Error('not yet');
}
