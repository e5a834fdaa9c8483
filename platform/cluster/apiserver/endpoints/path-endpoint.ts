// Paths that are no resources: the root, health, version, metrics, discovery, OpenAPI and the token issuer's documents.
import type { ApiParts } from '../api-parts.ts';
import { respondDocument } from '../encoding/respond.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { methodNotAllowed } from '../status-error.ts';
import { serveDiscovery } from './discovery.ts';
import { serveHealth } from './health.ts';
import { serveIssuer } from './issuer.ts';
import { serveOpenApi } from './openapi.ts';
import { pageNotFound } from './text.ts';

const VERSION = {
  major: '1',
  minor: '34',
  emulationMajor: '1',
  emulationMinor: '34',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '33',
  gitVersion: 'v1.34.4',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'daruma',
  compiler: 'daruma',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};

const PATHS = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi/v2',
  '/openapi/v3',
  '/openid/v1/jwks',
  '/readyz',
  '/version',
];

export async function servePath(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const { path } = context.info;
  const { method } = context.request;
  const known = await answer(parts, context, path.length > 1 ? path.replace(/\/$/, '') : path);
  if (!known) return pageNotFound();
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
  return known;
}

async function answer(parts: ApiParts, context: RequestContext, path: string): Promise<ApiResponse | undefined> {
  if (path === '/') return respondDocument(context, { paths: PATHS });
  if (path === '/version') return respondDocument(context, VERSION);
  if (path === '/metrics') return parts.metrics.page();
  return (
    serveHealth(parts, context) ??
    serveDiscovery(parts, context) ??
    (await serveOpenApi(parts, context)) ??
    (await serveIssuer(parts, context))
  );
}
