// What every controller is given, and how it takes its place: caches to read and write, a queue of its own, events.
import { setMaxListeners } from 'node:events';
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';
import { Caches } from './caches.ts';
import { EventRecorder } from './event-recorder.ts';
import { WorkQueue } from './work-queue.ts';

interface ControllerHostOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
}

/**
 * Runs controllers over shared caches. Queues start with `start`, once the caches are filled. Disposing stops watches and timers
 * and waits for what is being worked on.
 */
export class ControllerHost implements AsyncDisposable {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly events: EventRecorder;
  readonly #abort = new AbortController();
  readonly #queues: WorkQueue[] = [];
  readonly signal = this.#abort.signal;
  #started = false;

  constructor({ client, clock, logger }: ControllerHostOptions) {
    this.client = client;
    this.clock = clock;
    this.logger = logger;
    // Each cache and queue listens to it.
    setMaxListeners(0, this.signal);
    this.caches = new Caches({ client, signal: this.signal, logger });
    this.events = new EventRecorder({ client, clock, signal: this.signal });
  }

  /** A queue of this host. It works on nothing before the host is started. */
  queue(options: { name: string; sync(key: string): Promise<number | undefined | void>; concurrency?: number }): WorkQueue {
    const queue = new WorkQueue({ ...options, logger: this.logger, signal: this.signal });
    this.#queues.push(queue);
    if (this.#started) queue.start();
    return queue;
  }

  /** Resolves when the caches are filled and the queues run. */
  async start(): Promise<void> {
    await this.caches.synced();
    this.#started = true;
    for (const queue of this.#queues) queue.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#queues.map(queue => queue.settled()));
    await this.events.flush();
  }
}

/** The key of an object in queues and caches. */
export function objectKey(object: KubeObject): string {
  const { namespace, name = '' } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/** Now, as the API writes times. */
export function timestamp(clock: Clock): string {
  return clock
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
}
