// From bytes to an object of a kind: decoding, the checks of kind and types, unknown fields by fieldValidation, defaults.
import type { KindObject } from '../../kinds/index.ts';
import {
  applySchemaDefaults,
  checkTypes,
  type DecodedBody,
  DecodeError,
  decodeBody,
  type FieldError,
  findUnknownFields,
  prune,
  roundTrip,
} from '../../schema/index.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest, invalid, StatusError, unsupportedMediaType } from '../status-error.ts';
import type { ServedResource } from './served-resource.ts';
import type { WriteOptions } from './write-request.ts';

const STRICT_LIMIT = 100;
const SUMMARY_BYTES = 30;

/** A decode error as the Status that it is. */
export function decodeFailure(error: unknown): unknown {
  if (!(error instanceof DecodeError)) return error;
  if (error.code === 415) return unsupportedMediaType(error.message);
  return error.code === 400 ? badRequest(error.message) : new StatusError(error.code, error.message);
}

export function decode(body: Uint8Array, contentType: string | undefined): DecodedBody {
  try {
    return decodeBody(body, contentType);
  } catch (error) {
    throw decodeFailure(error);
  }
}

/** What strict decoding finds: duplicate, then unknown fields. */
function strictErrors(resource: ServedResource, object: KindObject, duplicates: readonly string[]): string[] {
  const unknown = findUnknownFields(resource.schema, object).map(field => `unknown field "${field}"`);
  return [...duplicates.map(field => `duplicate field "${field}"`), ...unknown];
}

/** The kind of an object must be the endpoint's. Built-in kinds may leave it out. */
function checkKind({ strategy, custom }: ServedResource, object: KindObject, warnings: string[]): void {
  if (!custom) {
    object.apiVersion ||= strategy.apiVersion;
    object.kind ||= strategy.kind;
  }
  if (object.apiVersion !== strategy.apiVersion) {
    // Of a version that is not served no field is known.
    const unknown = custom ? Object.keys(object).filter(key => !['apiVersion', 'kind', 'metadata'].includes(key)) : [];
    warnings.push(...unknown.sort().map(field => `unknown field "${field}"`));
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${strategy.apiVersion})`,
    );
  }
  if (object.kind === strategy.kind) return;
  if (custom) {
    const errors: FieldError[] = [
      { type: 'Invalid value', field: 'kind', badValue: object.kind, detail: `must be ${strategy.kind}` },
    ];
    throw invalid({ group: strategy.group, kind: object.kind }, String(object.metadata?.name ?? ''), errors);
  }
  const { kind, version } = strategy;
  throw badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: converting (${object.kind}) to (${kind}): unknown conversion`,
  );
}

/** How the real server shows a body that it could not read: text that looks like JSON as it is, all else in hexadecimal. */
function summary(body: Uint8Array): string {
  if (body.length === 0) return '<empty>';
  const head = Buffer.from(body.subarray(0, SUMMARY_BYTES));
  const more = body.length > SUMMARY_BYTES ? ' ...' : '';
  return head[0] === 0x7b ? `${head.toString()}${more}` : `${head.toString('hex')}${more}`;
}

function unrecognised({ strategy }: ServedResource, why: string, body: Uint8Array): StatusError {
  return badRequest(`the object provided is unrecognized (must be of type ${strategy.kind}): ${why} (${summary(body)})`);
}

/**
 * Completes a decoded object: fills in a missing kind, refuses another one, checks types, reports unknown fields, drops
 * what the kind does not know and applies the defaults. Mutates `object`. @throws StatusError 400
 */
export function completeObject(
  resource: ServedResource,
  object: KindObject,
  {
    duplicates = [],
    validation,
    warnings,
    prefix,
  }: {
    duplicates?: readonly string[];
    validation: WriteOptions['fieldValidation'];
    warnings: string[];
    /** Builds the error of strict validation; for patches it is another one. */
    prefix?: (errors: string) => StatusError;
  },
): KindObject {
  const { strategy, schema } = resource;
  checkKind(resource, object, validation === 'Warn' ? warnings : []);
  if (validation !== 'Ignore') {
    const strict = strictErrors(resource, object, duplicates);
    if (strict.length > 0 && validation === 'Strict') {
      const text = `strict decoding error: ${strict.slice(0, STRICT_LIMIT).join(', ')}`;
      throw prefix
        ? prefix(text)
        : badRequest(`${strategy.kind} in version "${strategy.version}" cannot be handled as a ${strategy.kind}: ${text}`);
    }
    warnings.push(...strict.slice(0, STRICT_LIMIT));
  }
  const wrong = resource.custom ? undefined : checkTypes(schema, object);
  if (wrong !== undefined) {
    throw badRequest(
      wrong.includes('cannot be handled as')
        ? wrong
        : `${strategy.kind} in version "${strategy.version}" cannot be handled as a ${strategy.kind}: ${wrong}`,
    );
  }
  normalise(resource, object);
  return object;
}

/** Drops what the kind does not know and applies defaults, as decoding into a Go type does. Mutates `object`. */
export function normalise(resource: ServedResource, object: KindObject): void {
  if (resource.custom) {
    if (resource.custom.prunes) prune(resource.schema, object);
    applySchemaDefaults(resource.schema, object);
  } else {
    roundTrip(resource.schema, object);
  }
  if (typeof object.metadata !== 'object' || object.metadata === null) object.metadata = {};
  resource.strategy.applyDefaults(object);
}

/** Reads the object of a create or update. @throws StatusError 400, 415 */
export async function readObject(context: RequestContext, resource: ServedResource, options: WriteOptions): Promise<KindObject> {
  const contentType = context.request.headers['content-type'];
  if (resource.custom && contentType?.startsWith('application/vnd.kubernetes.protobuf'))
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
  const body = await context.request.body();
  let decoded: DecodedBody;
  try {
    decoded = decodeBody(body, contentType);
  } catch (error) {
    if (error instanceof DecodeError && /^couldn't get version\/kind/.test(error.message))
      throw unrecognised(resource, error.message, body);
    throw decodeFailure(error);
  }
  const object = (decoded.value ?? {}) as KindObject;
  if (decoded.typeMeta) Object.assign(object, { ...decoded.typeMeta, ...object });
  if (resource.custom && (!object.kind || !object.apiVersion)) {
    const missing = object.kind ? 'apiVersion' : 'Kind';
    throw unrecognised(resource, `Object '${missing}' is missing in '${Buffer.from(body).toString()}'`, body);
  }
  return completeObject(resource, object, {
    duplicates: decoded.duplicateFields,
    validation: options.fieldValidation,
    warnings: context.warnings,
  });
}
