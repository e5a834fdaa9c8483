// Who am I, and whose token is this.
import type { ApiParts } from '../api-parts.ts';
import { DEFAULT_AUDIENCE } from '../authentication/service-account-tokens.ts';
import { respondDocument } from '../encoding/respond.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import type { ApiResponse, RequestContext, UserInfo } from '../request-context.ts';
import { badRequest } from '../status-error.ts';
import { readBody } from './review-body.ts';

const GROUP = { group: 'authentication.k8s.io', version: 'v1' };

function userInfo({ name, uid, groups, extra }: UserInfo): Record<string, unknown> {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length > 0 ? { groups } : {}),
    ...(extra && Object.keys(extra).length > 0 ? { extra } : {}),
  };
}

export async function reviewSelf(_parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const body = await readBody(context, { ...GROUP, kind: 'SelfSubjectReview' });
  const metadata = { ...body.metadata, creationTimestamp: rfc3339(context.now) };
  return respondDocument(context, { ...body, metadata, status: { userInfo: userInfo(context.user) } }, 201);
}

export async function reviewToken(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const body = await readBody(context, { ...GROUP, kind: 'TokenReview' });
  const token = body.spec?.['token'] as string | undefined;
  if (!token) throw badRequest('token is required for TokenReview in authentication');
  const asked = body.spec?.['audiences'] as string[] | undefined;
  const audiences = asked && asked.length > 0 ? asked : [DEFAULT_AUDIENCE];
  const found = await parts.authenticator.userOfToken(token, audiences);
  const status = found
    ? { authenticated: true, user: userInfo(found.user), audiences: found.audiences }
    : { user: {}, error: await whyInvalid(parts, token, audiences) };
  return respondDocument(context, { ...body, status }, 201);
}

async function whyInvalid(parts: ApiParts, token: string, audiences: readonly string[]): Promise<string> {
  const known = await parts.authenticator.userOfToken(token, [DEFAULT_AUDIENCE]);
  return known
    ? `[invalid bearer token, token audiences ${JSON.stringify([DEFAULT_AUDIENCE])} is invalid for the target audiences ${JSON.stringify(audiences)}]`
    : 'invalid bearer token';
}
