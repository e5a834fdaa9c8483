// Starts the API server: the HTTPS listener, the in-process transport, and what both share.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeTransport } from '../../kube/index.ts';
import type { Authority, TokenKeys } from '../pki/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import type { Store } from '../store/index.ts';
import type { AuditLog } from './audit.ts';
import type { StaticToken } from './authentication/static-tokens.ts';

export interface ApiServerOptions {
  /** 0: any free port. */
  port: number;
  host?: string;
  /** Closed by the caller, after the server. */
  store: Store;
  authority: Authority;
  tokenKeys: Promise<TokenKeys>;
  tokens?: readonly StaticToken[];
  connector?: PodConnector;
  serviceAccountAdmission: boolean;
  audit: AuditLog;
  clock: Clock;
  logger: Logger;
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests in this process: no TLS, the same authorization, admission and audit. */
  transportAs(user: { name: string; groups: readonly string[] }): KubeTransport;
  setConnector(connector: PodConnector): void;
}
export declare function startApiServer(options: ApiServerOptions): Promise<ApiServer>;
