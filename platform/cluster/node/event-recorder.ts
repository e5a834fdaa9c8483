// Events about pods as a kubelet writes them; the same event again raises the count of the first.
import { randomInt } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import { apiTime, type Pod } from './pod-types.ts';

/** Events remembered for counting; beyond it the oldest start anew. */
const REMEMBERED = 500;

export class EventRecorder {
  readonly #client: KubeClient;
  readonly #nodeName: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #known = new Map<string, { name: string; count: number }>();
  #chain: Promise<void> = Promise.resolve();
  #lastStamp = 0n;

  constructor({ client, nodeName, clock, logger }: { client: KubeClient; nodeName: string; clock: Clock; logger: Logger }) {
    this.#client = client;
    this.#nodeName = nodeName;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Returns at once; events are written in order, and one that cannot be written is left out. */
  record(
    pod: Pod,
    event: { type?: 'Normal' | 'Warning'; reason: string; message: string; container?: string; init?: boolean },
  ): void {
    this.#chain = this.#chain
      .then(() => this.#write(pod, event))
      .catch(error => this.#logger.debug('an event was not written', { reason: messageOf(error) }));
  }

  async flush(): Promise<void> {
    await this.#chain;
  }

  /** Nanoseconds in hexadecimal, as client-go names events: kubectl shows those of one second in the order of their names. */
  #stamp(): string {
    const now = BigInt(this.#clock.now().getTime()) * 1_000_000n + BigInt(randomInt(1_000_000));
    this.#lastStamp = now > this.#lastStamp ? now : this.#lastStamp + 1n;
    return this.#lastStamp.toString(16);
  }

  async #write(
    pod: Pod,
    {
      type = 'Normal',
      reason,
      message,
      container,
      init,
    }: { type?: string; reason: string; message: string; container?: string; init?: boolean },
  ): Promise<void> {
    const { namespace = 'default', name = '', uid = '' } = pod.metadata;
    const now = apiTime(this.#clock.now());
    const key = [uid, type, reason, message, container].join('\0');
    const known = this.#known.get(key);
    if (known) {
      known.count++;
      await this.#client.patch(
        { apiVersion: 'v1', kind: 'Event', namespace, name: known.name },
        { count: known.count, lastTimestamp: now },
        { type: 'merge' },
      );
      return;
    }
    const created = { name: `${name}.${this.#stamp()}`, count: 1 };
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: created.name, namespace },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Pod',
        namespace,
        name,
        uid,
        resourceVersion: pod.metadata.resourceVersion,
        ...(container ? { fieldPath: `spec.${init ? 'initContainers' : 'containers'}{${container}}` } : {}),
      },
      reason,
      message,
      source: { component: 'kubelet', host: this.#nodeName },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      reportingComponent: 'kubelet',
      reportingInstance: this.#nodeName,
    };
    await this.#client.create(event);
    this.#known.set(key, created);
    if (this.#known.size > REMEMBERED) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }
}
