// The words of the registry's door.
import type { Logger } from '../core/index.ts';

/** Who somebody is. Answers undefined for a wrong name or password, without saying which. */
export interface UserDirectory {
  authenticate(user: string, password: string): Promise<{ user: string; role: string } | undefined>;
}

export interface RegistryPolicy {
  mayPull(request: { user: string; role: string; repository: string }): boolean | Promise<boolean>;
  /** Pushing and deleting. */
  mayPush(request: { user: string; role: string; repository: string }): boolean | Promise<boolean>;
}

/** A manifest that was pushed. `reference` is its tag, or its digest when it has none. */
export interface RegistryPush {
  repository: string;
  reference: string;
  digest: string;
  mediaType: string;
  user: string;
}

export interface RegistryOptions {
  /** Where blobs, manifests and tags are. Made when missing. */
  directory: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0: a free one. */
  port: number;
  /** A second listener with TLS, for nodes that are elsewhere; PEM. */
  tls?: { key: string; cert: string; host?: string; port?: number };
  users: UserDirectory;
  policy: RegistryPolicy;
  /** Called after a manifest is durable and before it is answered; a failure is logged, the push stands. */
  onPush?: (push: RegistryPush) => void | Promise<void>;
  logger: Logger;
}

export interface TlsListenerOptions {
  host: string;
  port?: number;
  /** PEM. */
  key: string;
  cert: string;
}

export interface TlsListener extends AsyncDisposable {
  /** `https://HOST:PORT` */
  readonly url: string;
  readonly port: number;
}

export interface GarbageReport {
  blobs: number;
  bytes: number;
  manifests: number;
}
