// Keeps a pod's status in the API equal to what the node computes: one write at a time, the newest wins, the same is not written twice.
import { isDeepStrictEqual } from 'node:util';
import { type Clock, type Logger, messageOf } from '../../core/index.ts';
import { isApiError, type KubeClient } from '../../kube/index.ts';
import { POD_KIND, type Pod, type PodCondition, type PodStatus } from './pod-types.ts';

const RETRY_MS = 200;

interface StatusWriterOptions {
  client: KubeClient;
  clock: Clock;
  logger: Logger;
  signal: AbortSignal;
  compute: () => { pod: Pod; status: PodStatus };
}

export class PodStatusWriter {
  readonly #options: StatusWriterOptions;
  #dirty = false;
  #written: PodStatus | undefined;
  #writing: Promise<void> | undefined;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Writes soon. Changes of one turn of the event loop are one write. */
  mark(): void {
    this.#dirty = true;
    this.#writing ??= this.#run();
  }

  /** Resolves when everything marked so far is written, or cannot be any more. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  async #run(): Promise<void> {
    const { clock, logger, signal } = this.#options;
    await Promise.resolve();
    try {
      while (this.#dirty && !signal.aborted) {
        this.#dirty = false;
        try {
          await this.#write();
        } catch (error) {
          if (signal.aborted || isApiError(error, 404) || isApiError(error, 409)) return;
          logger.warn('the status of a pod was not written', { reason: messageOf(error) });
          this.#dirty = true;
          await clock.sleep(RETRY_MS, { signal }).catch(() => {});
        }
      }
    } finally {
      this.#writing = undefined;
    }
  }

  /** Conditions are merged by type in the API, so a reason or message that no longer holds is taken out by name. */
  #withRemovals(conditions: PodCondition[], live: PodCondition[]): unknown[] {
    const before = [...live, ...(this.#written?.conditions ?? [])];
    return conditions.map(condition => {
      const old = before.filter(({ type }) => type === condition.type);
      const had = (field: 'reason' | 'message') => old.some(entry => entry[field] !== undefined);
      return { ...(had('reason') ? { reason: null } : {}), ...(had('message') ? { message: null } : {}), ...condition };
    });
  }

  async #write(): Promise<void> {
    const { client, compute, signal } = this.#options;
    const { pod, status } = compute();
    if (isDeepStrictEqual(status, this.#written)) return;
    const { namespace = '', name = '', uid } = pod.metadata;
    const moved = pod.status?.podIP !== undefined && status.podIP !== undefined && pod.status.podIP !== status.podIP;
    const body = {
      ...status,
      ...(moved ? { podIPs: [{ $patch: 'replace' }, ...(status.podIPs ?? [])] } : {}),
      conditions: this.#withRemovals(status.conditions ?? [], pod.status?.conditions ?? []),
    };
    await client.patch(
      { ...POD_KIND, namespace, name },
      { metadata: { uid }, status: body },
      { type: 'strategic', subresource: 'status', signal },
    );
    this.#written = status;
  }
}
