// The HTTP service: routes and readiness. `main.js` gives it a port and signals.
import { createServer } from 'node:http';
import { greeting } from './greeting.js';
import { createMetrics } from './metrics.js';

export function createService({ settings, log }) {
  const metrics = createMetrics(settings);
  let draining = false;

  const json = (status, body) => ({ status, type: 'application/json', body: `${JSON.stringify(body)}\n` });
  const text = (status, body, type = 'text/plain') => ({ status, type, body });
  const routes = {
    '/': query => text(200, `${greeting(query.get('name') ?? undefined)}\n`),
    '/healthz': () => text(200, 'ok\n'),
    '/readyz': () => (draining ? text(503, 'draining\n') : text(200, 'ok\n')),
    '/version': () => json(200, { version: settings.version, environment: settings.environment, logLevel: settings.logLevel }),
    '/metrics': () => text(200, metrics.text(), 'text/plain; version=0.0.4'),
  };

  function answer({ method, url }) {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const route = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
    if (!route) return { path: 'other', ...text(404, 'not found\n') };
    if (method !== 'GET' && method !== 'HEAD') return { path: pathname, ...text(405, 'method not allowed\n') };
    try {
      return { path: pathname, ...route(searchParams) };
    } catch (error) {
      log('error', 'request failed', { path: pathname, error: String(error) });
      return { path: pathname, ...text(500, 'internal error\n') };
    }
  }

  const server = createServer((request, response) => {
    const startedAt = performance.now();
    const { path, status, type, body } = answer(request);
    response.writeHead(status, {
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      ...(draining ? { connection: 'close' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    const durationMs = performance.now() - startedAt;
    metrics.observe(path, status, durationMs);
    log('debug', 'request', { method: request.method, path, status, durationMs: Math.round(durationMs * 10) / 10 });
  });

  return {
    server,
    /** From now on not ready; resolves when every request that was accepted has been answered. */
    async drain(waitMs = 0) {
      draining = true;
      await new Promise(resolve => setTimeout(resolve, waitMs));
      const closed = new Promise(resolve => server.close(resolve));
      server.closeIdleConnections();
      await closed;
    },
  };
}
