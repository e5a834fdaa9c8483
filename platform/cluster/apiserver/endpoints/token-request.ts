// TokenRequest: a signed token for a service account, bound to a pod or secret when asked.
import type { FieldError } from '../../schema/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { type BoundObject, DEFAULT_AUDIENCE, ServiceAccountTokens } from '../authentication/service-account-tokens.ts';
import { respondDocument } from '../encoding/respond.ts';
import { keyOf, type ServedResource } from '../registry/served-resource.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, conflict, invalid, notFound } from '../status-error.ts';
import { readBody } from './review-body.ts';

const KIND = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const DEFAULT_SECONDS = 3600;

interface Spec {
  audiences?: string[];
  expirationSeconds?: number;
  boundObjectRef?: { kind?: string; apiVersion?: string; name?: string; uid?: string } | null;
}

function expirationErrors(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds';
  if (seconds < MIN_SECONDS)
    return [{ type: 'Invalid value', field, badValue: seconds, detail: 'may not specify a duration less than 10 minutes' }];
  if (seconds > MAX_SECONDS)
    return [{ type: 'Too long', field, badValue: seconds, detail: 'may not specify a duration larger than 2^32 seconds' }];
  return [];
}

function boundTo(parts: ApiParts, namespace: string, ref: NonNullable<Spec['boundObjectRef']>): BoundObject {
  const kind = ref.kind ?? '';
  const name = ref.name ?? '';
  const collection = ServiceAccountTokens.collectionOf(kind);
  if (!collection) throw badRequest(`cannot bind token to object of type ${ref.apiVersion ?? ''}, Kind=${kind}`);
  const resource = { group: '', resource: collection.slice(1) };
  const record = parts.store.get({ collection, namespace: kind === 'Node' ? '' : namespace, name });
  if (!record) throw notFound(resource, name);
  const uid = String(record.object.metadata['uid']);
  if (ref.uid && ref.uid !== uid)
    throw conflict(
      resource,
      name,
      `the UID in the bound object reference (${ref.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  return { kind, name, uid };
}

export async function requestToken(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name } = context.info;
  const applyDefaults = (defaulted: Record<string, unknown>) => {
    defaulted['expirationSeconds'] ??= DEFAULT_SECONDS;
  };
  const body = await readBody(context, { ...KIND, applyDefaults });
  const account = parts.store.get(keyOf(resource, namespace, name));
  if (!account) throw notFound(resource.name, name);
  const spec = (body.spec ?? {}) as Spec;
  const expirationSeconds = spec.expirationSeconds ?? DEFAULT_SECONDS;
  const errors = expirationErrors(expirationSeconds);
  if (errors.length > 0) throw invalid(KIND, '', errors);
  const audiences = spec.audiences?.length ? spec.audiences : [DEFAULT_AUDIENCE];
  const bound = spec.boundObjectRef ? boundTo(parts, namespace, spec.boundObjectRef) : undefined;
  const uid = String(account.object.metadata['uid']);
  const expires = new Date(context.now.getTime() + expirationSeconds * 1000);
  const token = await parts.tokens.issue(
    { namespace, name, uid },
    { audiences, expires, now: context.now, ...(bound ? { bound } : {}) },
  );
  return respondDocument(
    context,
    {
      kind: KIND.kind,
      apiVersion: body.apiVersion,
      metadata: { ...body.metadata, name, namespace, uid, creationTimestamp: rfc3339(context.now) },
      spec: { audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token, expirationTimestamp: rfc3339(expires) },
    },
    201,
  );
}
