// The four patch formats: which one a request sends, and what each makes of an object.
import type { KindObject } from '../../kinds/index.ts';
import { DecodeError, decodePatch, jsonPatch, mergePatch, PatchError, strategicMergePatch } from '../../schema/index.ts';
import { badRequest, internal, StatusError, unsupportedMediaType } from '../status-error.ts';
import type { ServedResource } from './served-resource.ts';

export type PatchFormat = 'json' | 'merge' | 'strategic' | 'apply';

const FORMATS: Record<string, PatchFormat> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};

/** @throws StatusError 415 that lists what the resource takes */
export function patchFormat(resource: ServedResource, contentType: string | undefined): PatchFormat {
  const format = FORMATS[(contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? ''];
  if (format && !(resource.custom && format === 'strategic')) return format;
  const known = Object.keys(FORMATS).filter(type => !(resource.custom && FORMATS[type] === 'strategic'));
  throw unsupportedMediaType(
    `the body of the request was in an unknown format - accepted media types include: ${known.join(', ')}`,
  );
}

/** The parsed body of a patch. @throws StatusError 400 in Go's words */
export function parsePatch(body: Uint8Array, format: PatchFormat): unknown {
  try {
    return decodePatch(body, format).value;
  } catch (error) {
    throw error instanceof DecodeError ? badRequest(error.message) : error;
  }
}

function patchFailure(error: unknown): unknown {
  if (!(error instanceof PatchError)) return error;
  if (error.code === 400) return badRequest(error.message);
  if (error.code === 500) return internal(error.message);
  if (error.code === 413) return new StatusError(413, error.message, { reason: 'RequestEntityTooLarge' });
  return new StatusError(422, 'the server rejected our request due to an error in our request', {
    reason: 'Invalid',
    details: {},
  });
}

/** The patched object, which may share structure with the current one: neither may be mutated. @throws StatusError */
export function applyPatch(resource: ServedResource, format: PatchFormat, current: KindObject, patch: unknown): KindObject {
  try {
    if (format === 'json') return jsonPatch(current, patch) as KindObject;
    if (format === 'merge') return mergePatch(current, patch) as KindObject;
    return strategicMergePatch(resource.schema, current, patch) as KindObject;
  } catch (error) {
    throw patchFailure(error);
  }
}
