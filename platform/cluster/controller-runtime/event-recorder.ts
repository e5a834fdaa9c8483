// Writes the Events that `kubectl describe` shows; the same event again raises the count of the first.
import type { Clock } from '../../core/index.ts';
import type { KubeClient, KubeObject } from '../../kube/index.ts';

interface ObjectReference {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
}

interface EventObject extends KubeObject {
  involvedObject: ObjectReference;
  count?: number;
}

const REMEMBERED = 2_000;
const WAITING_LIMIT = 2_000;

/**
 * Events are written one after another in the background. They are a courtesy: one that the API refuses is dropped, and so is what
 * comes while 2,000 wait.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #known = new Map<string, { name: string; namespace: string; count: number }>();
  #waiting: (() => Promise<void>)[] = [];
  #writing: Promise<void> | undefined;
  #lastStamp = 0n;

  constructor({ client, clock, signal }: { client: KubeClient; clock: Clock; signal: AbortSignal }) {
    this.#client = client;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** `component` is the controller's name as Kubernetes has it, `deployment-controller` say. */
  record(component: string, object: KubeObject, event: { type?: 'Normal' | 'Warning'; reason: string; message: string }): void {
    this.#enqueue(() => this.#write(component, referenceTo(object), { type: 'Normal', ...event }));
  }

  /** An event of the newer form, as the scheduler writes them. */
  recordAction(
    component: string,
    object: KubeObject,
    event: { type: 'Normal' | 'Warning'; reason: string; action: string; message: string },
  ): void {
    this.#enqueue(() => this.#write(component, referenceTo(object), event));
  }

  /** Resolves when what was recorded so far is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#signal.aborted || this.#waiting.length >= WAITING_LIMIT) return;
    this.#waiting.push(write);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Whoever causes an event is served first.
    await new Promise<void>(resolve => setImmediate(resolve));
    while (this.#waiting.length > 0 && !this.#signal.aborted) {
      for (const write of this.#waiting.splice(0)) await write().catch(() => {});
    }
    this.#writing = undefined;
  }

  async #write(
    component: string,
    involved: ObjectReference,
    { type, reason, message, action }: { type: string; reason: string; message: string; action?: string },
  ): Promise<void> {
    const now = this.#clock.now().toISOString();
    const namespace = involved.namespace ?? 'default';
    const key = JSON.stringify([component, involved.uid, involved.name, namespace, type, reason, message]);
    const known = this.#known.get(key);
    if (known) {
      known.count += 1;
      const ref = { apiVersion: 'v1', kind: 'Event', name: known.name, namespace };
      const body = action
        ? { series: { count: known.count, lastObservedTime: micro(now) } }
        : { count: known.count, lastTimestamp: seconds(now) };
      const patched = await this.#client.patch(ref, body, { type: 'merge' }).catch(() => undefined);
      if (patched) return;
      this.#known.delete(key);
    }
    const name = `${involved.name}.${this.#stamp()}`;
    await this.#client.create<EventObject>({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace },
      involvedObject: involved,
      type,
      reason,
      message,
      ...(action
        ? {
            action,
            eventTime: micro(now),
            firstTimestamp: null,
            lastTimestamp: null,
            source: {},
            reportingInstance: `${component}-daruma`,
          }
        : {
            count: 1,
            eventTime: null,
            firstTimestamp: seconds(now),
            lastTimestamp: seconds(now),
            source: { component },
            reportingInstance: '',
          }),
      reportingComponent: component,
    });
    this.#known.set(key, { name, namespace, count: 1 });
    if (this.#known.size > REMEMBERED) {
      const oldest = this.#known.keys().next().value;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
  }

  // Nanoseconds in hexadecimal, as client-go names events; never the same twice.
  #stamp(): string {
    const now = BigInt(this.#clock.now().getTime()) * 1_000_000n;
    this.#lastStamp = now > this.#lastStamp ? now : this.#lastStamp + 1n;
    return this.#lastStamp.toString(16);
  }
}

function referenceTo(object: KubeObject): ObjectReference {
  const { name = '', namespace, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
    ...(resourceVersion ? { resourceVersion } : {}),
  };
}

function seconds(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}

function micro(iso: string): string {
  return iso.replace(/\.(\d{3})Z$/, '.$1000Z');
}
