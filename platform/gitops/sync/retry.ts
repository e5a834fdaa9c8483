// When a failed automatic sync is tried again.
import type { RetryPolicy } from '../model/index.ts';

/** Milliseconds until attempt number `attempt` + 1 (the first attempt is 1); undefined when the limit is reached. */
export function retryDelayMs({ limit, durationMs, factor, maxDurationMs }: RetryPolicy, attempt: number): number | undefined {
  if (limit >= 0 && attempt > limit) return undefined;
  return Math.min(durationMs * factor ** (attempt - 1), maxDurationMs);
}
