// OpenAPI v2 and v3, made from the schema data: what kubectl explains, validates and merges by.
import { createHash } from 'node:crypto';
import type { ApiParts } from '../api-parts.ts';
import { encode } from '../encoding/respond.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { openApiV2, openApiV3, openApiVersions } from './openapi-documents.ts';

const PREFIX = '/openapi/v3';

/** Undefined for other paths. */
export async function serveOpenApi(parts: ApiParts, context: RequestContext): Promise<ApiResponse | undefined> {
  const path = context.info.path.replace(/\/$/, '');
  if (path === '/openapi/v2') return json(openApiV2(parts.resources.custom()));
  if (path === PREFIX) {
    const paths: Record<string, { serverRelativeURL: string }> = {};
    for (const { name, fingerprint } of openApiVersions(parts.resources.custom())) {
      const hash = createHash('sha256').update(fingerprint).digest('hex').toUpperCase();
      paths[name] = { serverRelativeURL: `${PREFIX}/${name}?hash=${hash}` };
    }
    return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: JSON.stringify({ paths }) };
  }
  if (!path.startsWith(`${PREFIX}/`)) return undefined;
  const document = openApiV3(path.slice(PREFIX.length + 1), parts.resources.custom());
  return document && json(document);
}

function json(document: unknown): ApiResponse {
  return encode(document, { mediaType: 'application/json', pretty: false });
}
