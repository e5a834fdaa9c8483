// Forgets Events an hour after their last occurrence, as a Kubernetes API server lets them lapse; they would pile up for ever.
import type { KubeObject } from '../../../kube/index.ts';
import type { ControllerHost } from '../../controller-runtime/index.ts';

interface EventObject extends KubeObject {
  lastTimestamp?: string | null;
  eventTime?: string | null;
  series?: { lastObservedTime?: string };
}

const KEPT_MS = 3_600_000;
const LOOK_EVERY_MS = 600_000;
const EVENT = { apiVersion: 'v1', kind: 'Event' };

function lastSeen({ lastTimestamp, series, eventTime, metadata }: EventObject): number {
  return Date.parse(lastTimestamp ?? series?.lastObservedTime ?? eventTime ?? metadata.creationTimestamp ?? '');
}

/** Looks every ten minutes. */
export function runEventExpiry(host: ControllerHost): void {
  const queue = host.queue({ name: 'event-expiry', sync });
  queue.add('events');

  async function sync(): Promise<number> {
    const before = host.clock.now().getTime() - KEPT_MS;
    const { items } = await host.client.list<EventObject>(EVENT);
    for (const event of items) {
      if (host.signal.aborted) break;
      const { name = '', namespace = '' } = event.metadata;
      if (lastSeen(event) < before) await host.client.delete({ ...EVENT, namespace, name });
    }
    return LOOK_EVERY_MS;
  }
}
