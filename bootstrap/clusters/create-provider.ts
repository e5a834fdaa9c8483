// Makes the provider that a platform's configuration names.
import type { HomePaths, Logger } from '../../platform/core/index.ts';
import type { PlatformConfig } from '../config.ts';
import type { ClusterProvider } from './cluster-provider.ts';
import { EmbeddedProvider } from './embedded.ts';
import type { HostRegistry } from './host-protocol.ts';

export interface ProviderContext {
  config: PlatformConfig;
  paths: HomePaths;
  logger: Logger;
  registry: () => HostRegistry;
}

export function createProvider({ config, paths, logger, registry }: ProviderContext): ClusterProvider {
  return new EmbeddedProvider({
    paths,
    port: config.ports.cluster,
    ingressPort: config.ports.ingress,
    registry,
    logger: logger.child('cluster'),
  });
}
