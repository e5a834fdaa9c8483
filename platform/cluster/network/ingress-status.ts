// Writes where an ingress can be reached into its status, which tools read as its health.
import { type Logger, messageOf } from '../../core/index.ts';
import { type KubeClient, refOf } from '../../kube/index.ts';
import type { Ingress } from './kinds.ts';

/** Publishes `localhost` once for an ingress that has no address yet. */
export async function publishIngressAddress(
  client: KubeClient,
  ingress: Ingress,
  { logger, signal }: { logger: Logger; signal: AbortSignal },
): Promise<void> {
  if ((ingress.status?.loadBalancer?.ingress ?? []).length > 0) return;
  try {
    await client.patch(
      refOf(ingress),
      { status: { loadBalancer: { ingress: [{ hostname: 'localhost' }] } } },
      { type: 'merge', subresource: 'status', signal },
    );
  } catch (error) {
    if (!signal.aborted)
      logger.debug('the address of an ingress was not published', { ingress: ingress.metadata.name, reason: messageOf(error) });
  }
}
