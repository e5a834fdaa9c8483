// PATCH: one of four formats over the current state, then an ordinary update; server-side apply may create.
import type { KindObject } from '../../kinds/index.ts';
import {
  ApplyConflict,
  applyServerSide,
  builtinSchema,
  checkTypes,
  copyValue,
  goJsonOfPatched,
  goValue,
  type JsonObject,
  PatchError,
} from '../../schema/index.ts';
import { prepareExpressions } from '../expressions/checked-kinds.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest, internal, invalid, notFound, StatusError } from '../status-error.ts';
import { createObject, resetFieldsOf } from './create.ts';
import { completeObject, normalise } from './decode.ts';
import { applyPatch, type PatchFormat, parsePatch, patchFormat } from './patch-body.ts';
import type { RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource } from './served-resource.ts';
import { rfc3339 } from './system-fields.ts';
import { updateObject } from './update.ts';
import { type WriteOptions, writeOptions } from './write-request.ts';

export interface PatchRequest {
  context: RequestContext;
  resource: ServedResource;
  namespace: string;
  name: string;
  subresource: string;
}

interface PatchResult {
  object: KindObject;
  created: boolean;
}

const invalidPatch = (badValue: string, detail: string): StatusError =>
  invalid({ group: '', kind: '' }, '', [{ type: 'Invalid value', field: 'patch', badValue, detail }]);

/** @throws StatusError */
export async function patchObject(parts: RegistryParts, request: PatchRequest): Promise<PatchResult> {
  const { context, resource } = request;
  const format = patchFormat(resource, context.request.headers['content-type']);
  const options = writeOptions(context, 'PatchOptions', { apply: format === 'apply' });
  const body = await context.request.body();
  await prepareExpressions(parts.expressions, resource, Buffer.from(body).toString());
  if (format === 'apply') return applyObject(parts, request, options, body);
  const patch = parsePatch(body, format);
  const change = (current: KindObject) => patched(request, options, { current, format, patch });
  return { object: updateObject(parts, { ...request, options, change }), created: false };
}

/** The patched object, completed and checked as a decoded body would be. */
export function patched(
  { resource, context }: Pick<PatchRequest, 'resource' | 'context'>,
  options: WriteOptions,
  { current, format, patch }: { current: KindObject; format: PatchFormat; patch: unknown },
): KindObject {
  const result = applyPatch(resource, format, current, patch);
  const text = () => (format === 'strategic' ? goValue(patch) : goJsonOfPatched(resource.schema, current, result as JsonObject));
  const next = copyValue(result);
  if (next.apiVersion !== current.apiVersion) {
    throw invalidPatch(
      text(),
      `no kind "${next.kind}" is registered for version "${next.apiVersion}" in scheme "pkg/runtime/scheme.go:110"`,
    );
  }
  if (next.kind !== current.kind && !resource.custom) throw invalidPatch(text(), otherKind(resource, next));
  try {
    return completeObject(resource, next, {
      validation: options.fieldValidation,
      warnings: context.warnings,
      prefix: detail => invalidPatch(text(), detail),
    });
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 400) throw error;
    throw invalidPatch(text(), error.message.replace(/^.*? cannot be handled as a [^:]*: /, ''));
  }
}

/** What is wrong with an object whose kind was patched: it is read as that kind first. */
function otherKind({ strategy }: ServedResource, next: KindObject): string {
  const schema = builtinSchema(strategy.group, strategy.version, next.kind);
  if (!schema)
    return `no kind "${next.kind}" is registered for version "${next.apiVersion}" in scheme "pkg/runtime/scheme.go:110"`;
  return checkTypes(schema, next) ?? `unable to decode into the requested type: got ${next.kind}, want ${strategy.kind}`;
}

/** @throws StatusError 409 with the conflicts, 500 for objects that the schema does not admit */
function applyObject(parts: RegistryParts, request: PatchRequest, options: WriteOptions, body: Uint8Array): PatchResult {
  const { resource, context, namespace, name, subresource } = request;
  const applied = appliedObject(request, body);
  const merge = (current: KindObject | undefined) => mergeApplied(request, options, current, applied);
  const exists = parts.store.get(keyOf(resource, namespace, name)) !== undefined;
  if (!exists) {
    if (subresource) throw notFound(resource.name, name);
    if (applied.metadata['uid']) throw uidOfNothing(request, String(applied.metadata['uid']));
    const object = merge(undefined);
    object.metadata['name'] = name;
    const created = createObject(parts, { context, resource, namespace, object, options, tracked: true });
    return { object: created, created: true };
  }
  return { object: updateObject(parts, { ...request, options, change: merge, tracked: true }), created: false };
}

function uidOfNothing({ resource, name }: PatchRequest, uid: string): StatusError {
  return new StatusError(
    409,
    `Operation cannot be fulfilled on ${resource.name.resource} "${name}": uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    {
      reason: 'Conflict',
      details: { name, kind: resource.name.resource, ...(resource.name.group ? { group: resource.name.group } : {}) },
    },
  );
}

function appliedObject({ resource, name }: PatchRequest, body: Uint8Array): KindObject {
  const applied = parsePatch(body, 'apply') as KindObject;
  applied.metadata ??= {};
  const { strategy } = resource;
  if (!applied.kind) throw badRequest(`Object 'Kind' is missing in '${JSON.stringify(applied)}'`);
  if (!applied.apiVersion) throw badRequest(`Object 'apiVersion' is missing in '${JSON.stringify(applied)}'`);
  if (applied.apiVersion !== strategy.apiVersion)
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${applied.apiVersion}, expected: ${strategy.apiVersion}`,
    );
  if (applied.kind !== strategy.kind)
    throw internal(
      `failed to create typed patch object (${String(applied.metadata['namespace'] ?? '')}/${String(applied.metadata['name'] ?? '')}; ${applied.apiVersion}, Kind=${applied.kind}): no corresponding type for ${applied.apiVersion}, Kind=${applied.kind}`,
    );
  if (applied.metadata['managedFields'] !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (applied.metadata['name'] !== undefined && applied.metadata['name'] !== name)
    throw badRequest(`the name of the object (${String(applied.metadata['name'])}) does not match the name on the URL (${name})`);
  return applied;
}

function mergeApplied(
  { resource, context, subresource }: PatchRequest,
  options: WriteOptions,
  live: KindObject | undefined,
  applied: KindObject,
): KindObject {
  try {
    const { object } = applyServerSide({
      schema: resource.schema,
      live,
      applied,
      manager: options.fieldManager,
      force: options.force,
      apiVersion: resource.strategy.apiVersion,
      time: rfc3339(context.now),
      ...(subresource ? { subresource } : {}),
      ...resetFieldsOf(resource, subresource),
    });
    const merged = copyValue(object) as KindObject;
    normalise(resource, merged);
    return merged;
  } catch (error) {
    throw applyFailure(error);
  }
}

/** An error of server-side apply as the Status that it is. */
export function applyFailure(error: unknown): unknown {
  if (error instanceof ApplyConflict) {
    const causes = error.conflicts.map(({ field, message }) => ({ reason: 'FieldManagerConflict', message, field }));
    return new StatusError(409, error.message, { reason: 'Conflict', details: { causes } });
  }
  if (error instanceof PatchError) return error.code === 400 ? badRequest(error.message) : internal(error.message);
  return error;
}
