// Starts the API server: the shared parts, the bootstrap objects, the HTTPS listener and the in-process transport.
import { setMaxListeners } from 'node:events';
import { type Clock, type Logger, messageOf } from '../../core/index.ts';
import type { KubeTransport } from '../../kube/index.ts';
import { Expressions } from '../expressions/index.ts';
import type { Authority, TokenKeys } from '../pki/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import type { Store } from '../store/index.ts';
import { admissionChain } from './admission/admission-chain.ts';
import { admissionPlugins } from './admission/default-plugins.ts';
import { POLICIES, policyAdmission } from './admission/policies/policy-admission.ts';
import { serviceAllocator } from './allocation/service-allocator.ts';
import type { ApiParts } from './api-parts.ts';
import type { AuditLog } from './audit.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { StaticToken } from './authentication/static-tokens.ts';
import { RbacAuthorizer } from './authorization/rbac-authorizer.ts';
import { bootstrapObjects } from './bootstrap/bootstrap-objects.ts';
import { CustomResources } from './custom/custom-resources.ts';
import { RequestMetrics } from './endpoints/metrics.ts';
import { authorizeExpression } from './expressions/access-questions.ts';
import { withExpressions } from './expressions/checked-kinds.ts';
import { listen } from './http-server.ts';
import { InProcessTransport } from './in-process-transport.ts';
import { ResourceTable } from './registry/resource-table.ts';
import type { UserInfo } from './request-context.ts';
import { requestHandler } from './request-handler.ts';
import { upgradeHandler } from './streams/upgrade-handler.ts';

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

const SERVER_NAMES = [
  '127.0.0.1',
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  '10.96.0.1',
  '127.96.0.1',
  '::1',
];

/** Resolves when the server listens and its own objects (namespaces, roles, bindings …) are durable. @throws DarumaError PORT_IN_USE */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { store, logger, clock, host = '127.0.0.1' } = options;
  const closed = new AbortController();
  setMaxListeners(0, closed.signal);
  const tokens = new ServiceAccountTokens(store, options.tokenKeys);
  options.tokenKeys.catch(() => {});
  const authorizer = new RbacAuthorizer(store);
  const expressions = new Expressions({ authorize: question => authorizeExpression(authorizer, question) });
  const resources = new ResourceTable(strategy => withExpressions(strategy, expressions));
  const policies = policyAdmission({ store, resources, expressions });
  let connector = options.connector;
  let ready = false;
  const parts: ApiParts = {
    store,
    resources,
    expressions,
    admission: admissionChain(
      admissionPlugins({ store, authorizer, serviceAccounts: options.serviceAccountAdmission, policies }),
    ),
    allocate: serviceAllocator(store),
    authenticator: new Authenticator(options.tokens ?? [], tokens),
    authorizer,
    tokens,
    tokenKeys: options.tokenKeys,
    metrics: new RequestMetrics(),
    clock,
    logger,
    connector: () => connector,
    ready: () => ready,
  };
  parts.metrics.gauge('apiserver_storage_revision', () => store.revision);
  const custom = new CustomResources({ store, resources, expressions, clock, signal: closed.signal });
  custom.start();
  // What was kept from before needs the engine with the first write; it is there by then.
  if (resources.custom().some(({ custom: parts }) => parts?.rules) || store.list(POLICIES).length > 0)
    expressions
      .warm()
      .catch((error: unknown) => logger.error('the expression engine does not start', { error: messageOf(error) }));
  const handler = requestHandler(parts, options.audit);
  const serving = await options.authority.issueServerCertificate(SERVER_NAMES);
  const http = await listen({
    port: options.port,
    host,
    certificate: serving.certificate,
    key: serving.key,
    clientCa: options.authority.certificate,
    handler,
    upgrade: upgradeHandler(parts, options.audit, closed.signal),
    logger,
  });
  try {
    await bootstrapObjects({ store, resources, now: clock.now(), port: http.port, clientCa: options.authority.certificate });
    ready = true;
  } catch (error) {
    closed.abort();
    await http[Symbol.asyncDispose]();
    expressions[Symbol.dispose]();
    throw error;
  }
  return {
    url: `https://${host}:${http.port}`,
    port: http.port,
    transportAs: (user: UserInfo) => new InProcessTransport(handler, user, closed.signal),
    setConnector: next => {
      connector = next;
    },
    [Symbol.asyncDispose]: async () => {
      closed.abort();
      await http[Symbol.asyncDispose]();
      expressions[Symbol.dispose]();
    },
  };
}
