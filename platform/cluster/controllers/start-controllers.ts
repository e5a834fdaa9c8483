// Starts every controller and the scheduler over one set of shared caches.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';

export interface ControllersOptions {
  /** A client with the rights of system:masters. The caller closes it, after the controllers. */
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  /** The PEM of the cluster's CA, published in each namespace as the ConfigMap kube-root-ca.crt. */
  rootCa: string;
}

/**
 * Starts all controllers and the scheduler; resolves when their caches are filled. They retry by themselves whatever the API
 * refuses, and react to watch events alone: an idle cluster costs nothing. Disposing stops them and waits for what is running.
 */
export async function startControllers(_options: ControllersOptions): Promise<AsyncDisposable> {
  return { [Symbol.asyncDispose]: async () => {} };
}
