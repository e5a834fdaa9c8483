// placeholder for the door; replaced at once
import type { GarbageReport, RegistryOptions } from './types.ts';
export abstract class Registry implements AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  abstract readonly url: string;
  abstract readonly port: number;
  /** `https://HOST:PORT` when a TLS listener was asked for. */
  abstract readonly tlsUrl: string | undefined;
  /** Removes what no tag reaches: untagged manifests older than the grace (default 1 h), then unreferenced blobs. */
  abstract collectGarbage(options?: { graceMs?: number; keepUntagged?: boolean }): Promise<GarbageReport>;
  abstract [Symbol.asyncDispose](): Promise<void>;
}
export async function startRegistry(_options: RegistryOptions): Promise<Registry> {
  throw new Error('not yet');
}
