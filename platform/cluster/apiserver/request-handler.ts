// The way of every request: authentication, impersonation, authorization, route, answer, audit.
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../core/index.ts';
import { StoreReadOnly } from '../store/index.ts';
import type { ApiParts } from './api-parts.ts';
import type { AuditEntry, AuditLog } from './audit.ts';
import { authorizeRequest } from './authorization/authorize.ts';
import { impersonated } from './authorization/impersonation.ts';
import { negotiate } from './encoding/negotiation.ts';
import { encode } from './encoding/respond.ts';
import { servePath } from './endpoints/path-endpoint.ts';
import { serveResource } from './endpoints/resource-endpoint.ts';
import { text } from './endpoints/text.ts';
import type { ApiRequest, ApiResponse, RequestContext, UserInfo } from './request-context.ts';
import { parseRequestInfo, type RequestInfo } from './request-info.ts';
import { badRequest, internalError, StatusError } from './status-error.ts';

const WARNING_LIMIT_BYTES = 4096;

export type RequestHandler = (request: ApiRequest) => Promise<ApiResponse>;

/** An authorized request; for upgrades, which are answered elsewhere. */
export async function admitRequest(parts: ApiParts, request: ApiRequest): Promise<RequestContext> {
  const info = parseRequestInfo(request.method, request.url);
  if (!info) throw badRequest('the path is not a valid URL path');
  const requester = await parts.authenticator.authenticate(request);
  const user = impersonated(parts.authorizer, requester, request);
  const context = contextOf(parts, request, info, user);
  authorizeRequest(parts.authorizer, context);
  return context;
}

function contextOf(parts: ApiParts, request: ApiRequest, info: RequestInfo, user: UserInfo): RequestContext {
  return {
    request,
    info,
    user,
    userAgent: request.headers['user-agent'] ?? '',
    now: parts.clock.now(),
    warnings: [],
    audit: {},
  };
}

/** A failure as its answer. What is no StatusError is logged and hidden. */
export function failureResponse(parts: ApiParts, error: unknown, request: ApiRequest): ApiResponse {
  const status = statusOf(parts, error, request);
  if (status.text !== undefined) return text(status.text, status.code);
  let accepted: ReturnType<typeof negotiate> = { mediaType: 'application/json', pretty: false };
  try {
    accepted = negotiate(request.headers['accept'], new URLSearchParams());
  } catch {
    // An error is said in JSON to whoever accepts nothing that we speak.
  }
  const response = encode(status.body, accepted, status.code);
  Object.assign(response.headers, status.headers);
  return response;
}

function statusOf(parts: ApiParts, error: unknown, request: ApiRequest): StatusError {
  if (error instanceof StatusError) return error;
  if (error instanceof StoreReadOnly) return internalError(error.message);
  if (request.signal.aborted) return new StatusError(499, 'the client has gone');
  parts.logger.error('a request failed', {
    method: request.method,
    url: request.url,
    error: messageOf(error),
    stack: (error as Error).stack,
  });
  return internalError(messageOf(error));
}

/** Warnings as header values, each once, until they are too many. */
function warningHeaders(warnings: readonly string[]): string[] {
  let size = 0;
  const headers: string[] = [];
  for (const warning of new Set(warnings)) {
    const text = warning.replaceAll(/[\u0000-\u001f\u007f]/g, ' ').replaceAll(/["\\]/g, '\\$&');
    const header = `299 - "${text}"`;
    size += header.length;
    if (size > WARNING_LIMIT_BYTES) break;
    headers.push(Buffer.from(header).toString('latin1'));
  }
  return headers;
}

export function requestHandler(parts: ApiParts, audit: AuditLog): RequestHandler {
  return async request => {
    const started = performance.now();
    const auditId = request.headers['audit-id'] ?? randomUUID();
    let context: RequestContext | undefined;
    let requester: UserInfo | undefined;
    let response: ApiResponse;
    try {
      const info = parseRequestInfo(request.method, request.url);
      if (!info) throw badRequest('the path is not a valid URL path');
      requester = await parts.authenticator.authenticate(request);
      context = contextOf(parts, request, info, impersonated(parts.authorizer, requester, request));
      authorizeRequest(parts.authorizer, context);
      response = info.isResource ? await serveResource(parts, context) : await servePath(parts, context);
    } catch (error) {
      response = failureResponse(parts, error, request);
    }
    response.headers['audit-id'] = auditId;
    response.headers['cache-control'] ??= 'no-cache, private';
    if (context && context.warnings.length > 0) response.headers['warning'] = warningHeaders(context.warnings);
    if (context) {
      const { verb, group, resource } = context.info;
      const known = response.status !== 404 ? resource : '';
      parts.metrics.observe({ verb, group, resource: known, code: response.status }, (performance.now() - started) / 1000);
      audit.record(auditEntry(context, { code: response.status, auditId, requester }));
    }
    return response;
  };
}

/** The audit entry of a request that was answered with `code`. */
export function auditEntry(
  { info, user, request, userAgent, now, audit: noted }: RequestContext,
  { code, auditId = randomUUID(), requester }: { code: number; auditId?: string; requester?: UserInfo | undefined },
): AuditEntry {
  const name = noted.name ?? info.name;
  return {
    auditId,
    time: now,
    user: user.name,
    groups: user.groups,
    ...(requester && requester.name !== user.name ? { impersonatedBy: requester.name } : {}),
    verb: info.verb,
    ...(info.isResource ? { group: info.group, version: info.version, resource: info.resource } : {}),
    ...(info.subresource ? { subresource: info.subresource } : {}),
    ...(info.namespace ? { namespace: info.namespace } : {}),
    ...(name ? { name } : {}),
    ...(noted.uid ? { uid: noted.uid } : {}),
    ...(noted.resourceVersion && info.resource !== 'secrets' && info.verb !== 'delete'
      ? { resourceVersion: noted.resourceVersion }
      : {}),
    ...(noted.dryRun ? { dryRun: true } : {}),
    ...(noted.annotations ? { annotations: noted.annotations } : {}),
    code,
    sourceAddress: request.sourceAddress,
    userAgent,
  };
}
