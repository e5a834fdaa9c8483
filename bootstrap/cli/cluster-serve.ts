// `daruma cluster serve`: the API server with its controllers, for tests and other tools.

import { startCluster } from '../../platform/cluster/index.ts';
import { createLogger, DarumaError } from '../../platform/core/index.ts';
import type { GlobalOptions } from './connect.ts';
import { print } from './output.ts';

interface ServeOptions extends GlobalOptions {
  port: number;
  data: string;
  ephemeral?: boolean;
  tokenAuthFile?: string;
  bare?: boolean;
  simulatedNodes?: string;
}

/** Prints the path of the kubeconfig when /readyz is ok; ends cleanly on SIGTERM and SIGINT. */
export async function run(options: GlobalOptions & Record<string, unknown>): Promise<void> {
  const { port, data, ephemeral, tokenAuthFile, bare, simulatedNodes, verbose } = options as ServeOptions &
    Record<string, unknown>;
  const names = simulatedNodes?.split(',').map(name => name.trim());
  if (names?.some(name => !/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name))) {
    throw new DarumaError('USAGE', `--simulated-nodes takes node names, not ${JSON.stringify(simulatedNodes)}`, {
      hint: '--simulated-nodes kwok-0,kwok-1',
    });
  }
  const logger = createLogger(line => process.stderr.write(`${line}\n`), {
    level: verbose ? 'info' : 'warn',
    subsystem: 'cluster',
  });
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort());
  process.on('unhandledRejection', error => logger.error('unhandled rejection', { error, stack: (error as Error)?.stack }));
  await using cluster = await startCluster({
    dataDir: data,
    port,
    ...(ephemeral ? { ephemeral } : {}),
    ...(tokenAuthFile ? { tokenAuthFile } : {}),
    ...(bare ? { bare } : {}),
    ...(names ? { simulatedNodes: names } : {}),
    logger,
  });
  print(cluster.kubeconfigPath);
  if (!stopping.signal.aborted) await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }));
}
