// One request on its way through the server: who asks for what, what is collected for the answer, and the answer itself.
import type { RequestInfo } from './request-info.ts';

export interface UserInfo {
  name: string;
  uid?: string;
  groups: readonly string[];
  extra?: Record<string, string[]>;
}

/** What arrives, from a socket or from within the process. */
export interface ApiRequest {
  method: string;
  url: string;
  /** Lower-case names; repeated headers joined by ', '. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Reads the body once. @throws StatusError 413 above the limit. */
  body(): Promise<Uint8Array>;
  sourceAddress: string;
  /** Subject of a verified client certificate. */
  clientCertificate?: { name: string; groups: readonly string[] };
  /** Set for requests of this process, which need no credentials. */
  trustedUser?: UserInfo;
  signal: AbortSignal;
}

/** Where a streamed answer is written. */
export interface ResponseSink {
  write(chunk: string | Uint8Array): void;
  /** Bytes that were written and not yet taken by the client. */
  readonly pendingBytes: number;
  /** Resolves when `pendingBytes` is low again or the client has gone. */
  drained(): Promise<void>;
}

export interface ApiResponse {
  status: number;
  headers: Record<string, string | string[]>;
  body?: string | Uint8Array;
  /** Writes the body piece by piece; resolves at its end. The signal aborts when the client goes or the server stops. */
  stream?: (sink: ResponseSink, signal: AbortSignal) => Promise<void>;
}

export interface RequestContext {
  readonly request: ApiRequest;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly now: Date;
  /** Texts for Warning headers, in order. */
  readonly warnings: string[];
  /** Filled in for the audit trail. */
  readonly audit: {
    name?: string;
    uid?: string;
    resourceVersion?: string;
    dryRun?: boolean;
    annotations?: Record<string, string>;
  };
}
