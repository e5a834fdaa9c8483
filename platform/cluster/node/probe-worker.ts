// Repeats one probe of a running container and tells when its result turns.
import type { Clock } from '../../core/index.ts';
import { type ActionTarget, runAction } from './handler-actions.ts';
import type { Probe } from './pod-types.ts';

/** Until the first success readiness and startup are asked often, less so with time: pods are ready when they are, not at the next period. */
function eagerMs(sinceMs: number, probe: Probe): number {
  if (sinceMs > 10_000) return 1_000;
  if (probe.exec) return 250;
  return sinceMs > 2_000 ? 100 : 30;
}

export interface ProbeOptions {
  kind: 'liveness' | 'readiness' | 'startup';
  probe: Probe;
  target: ActionTarget;
  clock: Clock;
  /** Ends the probing; it was then neither successful nor not. */
  signal: AbortSignal;
  /** The threshold of successes or failures was reached. */
  onResult: (success: boolean) => void;
  /** One attempt failed, at most once a period. */
  onFailure: (output: string) => void;
}

/** Resolves when the signal aborts, or after the one result that ends a startup probe. */
export async function runProbe(options: ProbeOptions): Promise<void> {
  const { kind, probe, target, clock, signal } = options;
  const periodMs = (probe.periodSeconds ?? 10) * 1000;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  const successThreshold = probe.successThreshold ?? 1;
  const failureThreshold = probe.failureThreshold ?? 3;
  let successes = 0;
  let failures = 0;
  let everSucceeded = false;
  let last: boolean | undefined;
  let failureCountedAt = Number.NEGATIVE_INFINITY;
  try {
    // A program that has just been started is not yet dead: liveness waits for its first period.
    const firstMs = (probe.initialDelaySeconds ?? 0) * 1000;
    await clock.sleep(kind === 'liveness' ? Math.max(firstMs, periodMs) : firstMs, { signal });
    // A program may take its first period to come up before anybody calls that a failure.
    const beganAt = performance.now();
    if (kind !== 'liveness') failureCountedAt = beganAt;
    for (;;) {
      const startedAt = performance.now();
      const { success, output } = await runAction(probe, target, timeoutMs);
      if (signal.aborted) return;
      if (success) {
        everSucceeded = true;
        failures = 0;
        if (++successes >= successThreshold && last !== true) options.onResult((last = true));
        if (kind === 'startup' && last) return;
      } else {
        successes = 0;
        // Eager attempts between two periods are no failures of their own.
        if (startedAt - failureCountedAt >= periodMs * 0.95) {
          failureCountedAt = startedAt;
          options.onFailure(output);
          if (++failures >= failureThreshold && last !== false) {
            options.onResult((last = false));
            if (kind === 'startup') return;
          }
        }
      }
      const eager = kind !== 'liveness' && (!everSucceeded || (last !== true && success));
      await clock.sleep(
        Math.max(
          0,
          (eager ? Math.min(eagerMs(startedAt - beganAt, probe), periodMs) : periodMs) - (performance.now() - startedAt),
        ),
        {
          signal,
        },
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
