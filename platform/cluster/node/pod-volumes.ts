// All volumes of one pod: mounted before its containers start, live ones kept as the cluster has them.
import { join } from 'node:path';
import { messageOf } from '../../core/index.ts';
import type { PodFacts } from './field-values.ts';
import type { NodeServices } from './node-services.ts';
import type { Pod, Volume } from './pod-types.ts';
import { hasToken, isLive, prepareVolume, refreshVolume, type VolumeContext, watchedObjects } from './volumes.ts';

const RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
/** Tokens live for an hour; the kubelet renews at 80 % of it. */
const TOKEN_REFRESH_MS = 40 * 60_000;

export class PodVolumes {
  readonly paths = new Map<string, string>();
  readonly #services: NodeServices;
  readonly #pod: () => Pod;
  readonly #context: () => VolumeContext;
  readonly #signal: AbortSignal;
  #refreshing: Promise<void> = Promise.resolve();

  constructor(
    services: NodeServices,
    { pod, facts, folder, signal }: { pod: () => Pod; facts: () => PodFacts; folder: string; signal: AbortSignal },
  ) {
    this.#services = services;
    this.#pod = pod;
    this.#signal = signal;
    const { objects, client, rootCa } = services;
    this.#context = () => ({ pod: pod(), facts: facts(), folder: join(folder, 'volumes'), objects, client, rootCa });
  }

  /** Tries until every volume is there or the signal aborts. */
  async mount(): Promise<void> {
    let waitMs = RETRY_MS;
    for (const volume of this.#volumes()) {
      while (!this.#signal.aborted) {
        try {
          this.paths.set(volume.name, await prepareVolume(volume, this.#context()));
          break;
        } catch (error) {
          if (this.#signal.aborted) return;
          this.#services.events.record(this.#pod(), {
            type: 'Warning',
            reason: 'FailedMount',
            message: `MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`,
          });
          await this.#services.clock.sleep(waitMs, { signal: this.#signal }).catch(() => {});
          waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS);
        }
      }
    }
    if (!this.#signal.aborted) this.#keepUp();
  }

  /** The pod's own fields changed: labels and annotations may show in files. */
  podChanged(): void {
    for (const volume of this.#volumes())
      if (this.paths.has(volume.name) && (volume.downwardAPI || volume.projected)) this.#refresh(volume);
  }

  #volumes(): Volume[] {
    return this.#pod().spec.volumes ?? [];
  }

  #keepUp(): void {
    for (const volume of this.#volumes().filter(isLive)) {
      const objects = watchedObjects(volume).filter(({ name }) => name !== 'kube-root-ca.crt');
      let first = true;
      if (objects.length > 0) {
        const end = this.#services.objects.watch(objects, this.#pod().metadata.namespace ?? '', () => {
          if (!first) this.#refresh(volume);
        });
        this.#signal.addEventListener('abort', end, { once: true });
      }
      first = false;
      if (hasToken(volume)) {
        const timer = setInterval(() => this.#refresh(volume), TOKEN_REFRESH_MS);
        timer.unref();
        this.#signal.addEventListener('abort', () => clearInterval(timer), { once: true });
      }
    }
  }

  #refresh(volume: Volume): void {
    this.#refreshing = this.#refreshing
      .then(() => (this.#signal.aborted ? undefined : refreshVolume(volume, this.#context())))
      .catch(error =>
        this.#services.logger.debug('a volume was not refreshed', { volume: volume.name, reason: messageOf(error) }),
      );
  }
}
