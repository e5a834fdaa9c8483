// What the endpoints of one API server share: built once at start, passed to each.
import type { Clock, Logger } from '../../core/index.ts';
import type { TokenKeys } from '../pki/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import type { Authenticator } from './authentication/authenticator.ts';
import type { ServiceAccountTokens } from './authentication/service-account-tokens.ts';
import type { RbacAuthorizer } from './authorization/rbac-authorizer.ts';
import type { RequestMetrics } from './endpoints/metrics.ts';
import type { RegistryParts } from './registry/registry-parts.ts';
import type { ResourceTable } from './registry/resource-table.ts';

export interface ApiParts extends RegistryParts {
  readonly resources: ResourceTable;
  readonly authenticator: Authenticator;
  readonly authorizer: RbacAuthorizer;
  readonly tokens: ServiceAccountTokens;
  readonly tokenKeys: Promise<TokenKeys>;
  readonly metrics: RequestMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How the streams of pods are reached; absent: there is no node. */
  connector(): PodConnector | undefined;
  /** True when bootstrap has ended. */
  ready(): boolean;
}
