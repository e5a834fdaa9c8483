// Reads the bodies of reviews and commands: small objects of built-in kinds that have a schema but no storage.
import type { KindObject } from '../../kinds/index.ts';
import { builtinSchema, checkTypes, findUnknownFields, roundTrip, trackUpdate } from '../../schema/index.ts';
import { decode } from '../registry/decode.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import { writeOptions } from '../registry/write-request.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest } from '../status-error.ts';

interface BodyKind {
  group: string;
  version: string;
  kind: string;
  /** The defaults that Go code gives to the spec. */
  applyDefaults?(spec: Record<string, unknown>): void;
}

/** The body as an object of that kind, defaults applied. @throws StatusError 400, 415, 422 */
export async function readBody(
  context: RequestContext,
  { group, version, kind, applyDefaults }: BodyKind,
): Promise<KindObject & { spec?: Record<string, unknown> }> {
  const options = writeOptions(context, 'CreateOptions');
  const decoded = decode(await context.request.body(), context.request.headers['content-type']);
  const object = (decoded.value ?? {}) as KindObject;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  object.apiVersion ||= decoded.typeMeta?.apiVersion || apiVersion;
  object.kind ||= decoded.typeMeta?.kind || kind;
  if (object.kind !== kind)
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: converting (${object.kind}) to (${kind}): unknown conversion`,
    );
  if (object.apiVersion !== apiVersion && group !== 'policy')
    throw badRequest(
      `the API version in the data (${object.apiVersion}) does not match the expected API version (${apiVersion})`,
    );
  const schema = builtinSchema(group, version, kind);
  if (schema) {
    if (options.fieldValidation !== 'Ignore') {
      const unknown = findUnknownFields(schema, object).map(field => `unknown field "${field}"`);
      if (unknown.length > 0 && options.fieldValidation === 'Strict')
        throw badRequest(
          `${kind} in version "${version}" cannot be handled as a ${kind}: strict decoding error: ${unknown.join(', ')}`,
        );
      context.warnings.push(...unknown);
    }
    const wrong = checkTypes(schema, object);
    if (wrong)
      throw badRequest(
        wrong.includes('cannot be handled') ? wrong : `${kind} in version "${version}" cannot be handled as a ${kind}: ${wrong}`,
      );
    roundTrip(schema, object);
  }
  object.metadata ??= {};
  applyDefaults?.((object['spec'] ??= {}) as Record<string, unknown>);
  if (schema) {
    const managedFields = trackUpdate({
      schema,
      before: undefined,
      after: object,
      manager: options.fieldManager,
      apiVersion: object.apiVersion,
      time: rfc3339(context.now),
      ...(context.info.subresource ? { subresource: context.info.subresource } : {}),
      resetFields: [['status']],
    });
    if (managedFields && managedFields.length > 0) object.metadata.managedFields = managedFields;
  }
  return object;
}
