// Counts requests and writes them in the Prometheus text format.

export function createMetrics({ version, environment }) {
  const requests = new Map();
  let seconds = 0;
  let count = 0;
  return {
    observe(path, status, durationMs) {
      const labels = `path="${path}",status="${status}"`;
      requests.set(labels, (requests.get(labels) ?? 0) + 1);
      seconds += durationMs / 1000;
      count += 1;
    },
    text() {
      return [
        '# HELP demo_info The version that runs.',
        '# TYPE demo_info gauge',
        `demo_info{version="${version}",environment="${environment}"} 1`,
        '# HELP demo_http_requests_total Requests by path and status.',
        '# TYPE demo_http_requests_total counter',
        ...[...requests].map(([labels, value]) => `demo_http_requests_total{${labels}} ${value}`),
        '# HELP demo_http_request_duration_seconds Time spent on requests.',
        '# TYPE demo_http_request_duration_seconds summary',
        `demo_http_request_duration_seconds_sum ${seconds}`,
        `demo_http_request_duration_seconds_count ${count}`,
        '',
      ].join('\n');
    },
  };
}
