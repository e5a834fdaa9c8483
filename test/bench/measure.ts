// What a measure is, and how its samples become one line.
import type { BenchPlatform } from './bench-platform.ts';

export interface Figure {
  name: string;
  unit: 'ms' | 'MiB' | '%' | 'requests';
  samples: number[];
  /** Where Kubernetes came from; none when no platform was involved. */
  cluster: string;
}

export interface Measure {
  name: string;
  summary: string;
  slow?: boolean;
  run(platform: BenchPlatform, options: { quick: boolean }): Promise<Figure[]>;
}

export function line({ name, unit, samples, cluster }: Figure): string {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
  return JSON.stringify({ name, unit, n: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1), cluster });
}

function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
