// Counts of requests in the Prometheus text format, under kube-apiserver's names.
import type { ApiResponse } from '../request-context.ts';

const BUCKETS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10];

interface Series {
  count: number;
  sumSeconds: number;
  buckets: number[];
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

export class RequestMetrics {
  readonly #totals = new Map<string, number>();
  readonly #durations = new Map<string, Series>();
  readonly #gauges = new Map<string, () => number>();

  /** `labels` come from a bounded set: verbs, served resources, status codes. */
  observe(
    { verb, group, resource, code }: { verb: string; group: string; resource: string; code: number },
    seconds: number,
  ): void {
    const labels = `group="${escaped(group)}",resource="${escaped(resource)}",verb="${escaped(verb.toUpperCase())}"`;
    const total = `code="${code}",${labels}`;
    this.#totals.set(total, (this.#totals.get(total) ?? 0) + 1);
    let series = this.#durations.get(labels);
    if (!series) this.#durations.set(labels, (series = { count: 0, sumSeconds: 0, buckets: BUCKETS.map(() => 0) }));
    series.count++;
    series.sumSeconds += seconds;
    for (let index = 0; index < BUCKETS.length; index++) if (seconds <= (BUCKETS[index] as number)) series.buckets[index]!++;
  }

  /** A value read when the page is asked for. */
  gauge(name: string, read: () => number): void {
    this.#gauges.set(name, read);
  }

  page(): ApiResponse {
    const lines = ['# HELP apiserver_request_total Counter of apiserver requests.', '# TYPE apiserver_request_total counter'];
    for (const [labels, count] of this.#totals) lines.push(`apiserver_request_total{${labels}} ${count}`);
    lines.push('# HELP apiserver_request_duration_seconds Response latency distribution in seconds.');
    lines.push('# TYPE apiserver_request_duration_seconds histogram');
    for (const [labels, series] of this.#durations) {
      BUCKETS.forEach((bound, index) => {
        lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="${bound}"} ${series.buckets[index]}`);
      });
      lines.push(`apiserver_request_duration_seconds_bucket{${labels},le="+Inf"} ${series.count}`);
      lines.push(`apiserver_request_duration_seconds_sum{${labels}} ${series.sumSeconds}`);
      lines.push(`apiserver_request_duration_seconds_count{${labels}} ${series.count}`);
    }
    for (const [name, read] of this.#gauges) lines.push(`# TYPE ${name} gauge`, `${name} ${read()}`);
    return {
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: `${lines.join('\n')}\n`,
    };
  }
}
