// Makes the provider that a platform's configuration names.
import { DarumaError, type HomePaths, type Logger } from '../../platform/core/index.ts';
import type { PlatformConfig } from '../config.ts';
import type { ClusterProvider } from './cluster-provider.ts';
import { EmbeddedProvider } from './embedded.ts';
import type { HostRegistry } from './host-protocol.ts';
import { type KindOptions, KindProvider } from './kind.ts';

export interface ProviderContext {
  config: PlatformConfig;
  paths: HomePaths;
  logger: Logger;
  registry: () => HostRegistry;
  /** Opens the registry to nodes that are not on this machine's loopback. */
  listenForNodes: KindOptions['listenForNodes'];
}

export function createProvider({ config, paths, logger, registry, listenForNodes }: ProviderContext): ClusterProvider {
  const { ports, name, providerOptions } = config;
  switch (config.provider) {
    case 'embedded':
      return new EmbeddedProvider({
        paths,
        port: ports.cluster,
        ingressPort: ports.ingress,
        registry,
        logger: logger.child('cluster'),
      });
    case 'kind': {
      const { image, nodes, config: configFile } = providerOptions;
      return new KindProvider({
        paths,
        name,
        apiServerPort: ports.cluster,
        ingressPort: ports.ingress,
        ...(image ? { image } : {}),
        ...(nodes ? { nodes: Number(nodes) } : {}),
        ...(configFile ? { configFile } : {}),
        registry,
        listenForNodes,
        logger: logger.child('cluster'),
      });
    }
    case 'minikube':
      throw new DarumaError('USAGE', 'the provider minikube is not there yet', { hint: 'use --cluster kind or embedded' });
  }
}
