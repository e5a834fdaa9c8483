// What every handler of the registry gets: the parts that keep content, and one authenticated request.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobFiles } from './blob-files.ts';
import type { RepositoryContent } from './repository-content.ts';
import type { RegistryPush } from './types.ts';
import type { Uploads } from './uploads.ts';

export interface RegistryParts {
  blobs: BlobFiles;
  content: RepositoryContent;
  uploads: Uploads;
  /** Resolves when no garbage collection runs: what makes content reachable waits for it. */
  afterGarbage(): Promise<void>;
  pushed(push: RegistryPush): Promise<void>;
}

export interface RegistryCall {
  request: IncomingMessage;
  response: ServerResponse;
  query: URLSearchParams;
  user: string;
  mayPull(repository: string): Promise<boolean>;
}
