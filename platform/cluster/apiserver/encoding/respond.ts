// From objects to answers: JSON or YAML, whole, as a Table or as metadata.
import type { KindObject } from '../../kinds/index.ts';
import type { ListResult } from '../registry/list.ts';
import { type ServedResource, versioned, versionedJson } from '../registry/served-resource.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { StatusError } from '../status-error.ts';
import { type Accepted, negotiate } from './negotiation.ts';
import { partialMetadata } from './partial-metadata.ts';
import { includeObjectOf, tableOf } from './table.ts';
import { toYaml } from './yaml.ts';

const PRETTY_INDENT = 2;

export function encode(value: unknown, accepted: Accepted, status = 200): ApiResponse {
  const body =
    accepted.mediaType === 'application/yaml'
      ? toYaml(value)
      : `${JSON.stringify(value, undefined, accepted.pretty ? PRETTY_INDENT : undefined)}\n`;
  return { status, headers: { 'content-type': accepted.mediaType }, body };
}

/** An answer in JSON text that exists already. */
function encodeJson(json: string, accepted: Accepted, status = 200): ApiResponse {
  if (accepted.mediaType === 'application/yaml' || accepted.pretty) return encode(JSON.parse(json), accepted, status);
  return { status, headers: { 'content-type': 'application/json' }, body: `${json}\n` };
}

/** A document that is no object of a resource: discovery, reviews, statuses. */
export function respondDocument(context: RequestContext, value: unknown, status = 200): ApiResponse {
  return encode(value, negotiate(context.request.headers['accept'], context.info.query), status);
}

export function acceptedForm(context: RequestContext): Accepted {
  return negotiate(context.request.headers['accept'], context.info.query, { transforms: true });
}

/** One object, in the form that the client accepts. */
export function respondObject(context: RequestContext, resource: ServedResource, object: KindObject, status = 200): ApiResponse {
  const accepted = acceptedForm(context);
  const version = accepted.as?.version ?? 'v1';
  if (accepted.as?.kind === 'Table') {
    const metadata = { resourceVersion: object.metadata['resourceVersion'] };
    const includeObject = includeObjectOf(context.info.query);
    return encode(
      tableOf(resource, [object], { version, includeObject, now: context.now, headers: true, metadata }),
      accepted,
      status,
    );
  }
  if (accepted.as?.kind === 'PartialObjectMetadata') return encode(partialMetadata(object, version), accepted, status);
  if (accepted.as) throw notThisForm(accepted, resource, false);
  return encode(object, accepted, status);
}

/** A list was asked for as one object, or the other way round. `type` is the Go type that the real server names. */
function notThisForm({ as }: Accepted, { strategy }: ServedResource, isList: boolean): StatusError {
  const scope = strategy.group === '' ? 'core' : (strategy.group.split('.')[0] as string);
  const type = `*${scope}.${isList ? strategy.listKind : strategy.kind}`;
  const message = `you requested ${as?.kind ?? ''}, but the requested object is ${isList ? 'a list' : 'not a list'} (${type})`;
  return new StatusError(406, message, { reason: 'NotAcceptable' });
}

/** The JSON of a list's item: built-in kinds leave out apiVersion and kind there. */
function itemJson(resource: ServedResource, json: string): string {
  if (resource.custom) return json;
  const { apiVersion, kind } = resource.strategy;
  const head = `{"apiVersion":"${apiVersion}","kind":"${kind}",`;
  if (json.startsWith(head)) return `{${json.slice(head.length)}`;
  const { apiVersion: _apiVersion, kind: _kind, ...rest } = JSON.parse(json) as Record<string, unknown>;
  return JSON.stringify(rest);
}

function listMetadata(resource: ServedResource, { revision, continueToken, remaining }: ListResult) {
  return {
    ...(resource.custom || continueToken ? { continue: continueToken ?? '' } : {}),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
    resourceVersion: String(revision),
  };
}

/** A list, in the form that the client accepts. */
export function respondList(context: RequestContext, resource: ServedResource, result: ListResult): ApiResponse {
  const accepted = acceptedForm(context);
  const metadata: Record<string, unknown> = listMetadata(resource, result);
  const version = accepted.as?.version ?? 'v1';
  const objects = () => result.records.map(record => versioned(resource, record));
  if (accepted.as?.kind === 'Table') {
    if (metadata['continue'] === '') delete metadata['continue'];
    const includeObject = includeObjectOf(context.info.query);
    return encode(tableOf(resource, objects(), { version, includeObject, now: context.now, headers: true, metadata }), accepted);
  }
  if (accepted.as?.kind === 'PartialObjectMetadataList') {
    const items = objects().map(object => partialMetadata(object, version));
    return encode({ kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${version}`, metadata, items }, accepted);
  }
  if (accepted.as) throw notThisForm(accepted, resource, true);
  const { listKind, apiVersion } = resource.strategy;
  const items = result.records.map(record => itemJson(resource, versionedJson(resource, record))).join(',');
  return encodeJson(
    `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items}]}`,
    accepted,
  );
}
