// How long a container that keeps ending waits before it is started again, as the kubelet: 10 s, doubled up to 5 min, forgotten after 10 min of running.

const FIRST_MS = 10_000;
const LONGEST_MS = 300_000;
const FORGOTTEN_AFTER_MS = 600_000;

export class RestartBackoff {
  #nextMs = 0;

  /** Called when a run of `ranMs` has ended; how long to wait now. The first restart is at once. */
  afterRun(ranMs: number): number {
    if (ranMs >= FORGOTTEN_AFTER_MS) this.#nextMs = 0;
    const waitMs = this.#nextMs;
    this.#nextMs = waitMs === 0 ? FIRST_MS : Math.min(waitMs * 2, LONGEST_MS);
    return waitMs;
  }
}

/** `10s`, `1m20s`, `5m0s` as Go prints durations. */
export function goDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
