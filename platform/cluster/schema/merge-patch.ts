// JSON merge patch (RFC 7396).
import { PatchError } from './errors.ts';
import { getKey, isObject, type JsonObject, setKey } from './json-values.ts';

/** Applies a merge patch; shares what it does not touch with both arguments. @throws PatchError 400 when the patch is no object */
export function mergePatch(object: JsonObject, patch: unknown): JsonObject {
  if (patch === null) return object;
  if (!isObject(patch)) {
    const kind = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw new PatchError(
      400,
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
    );
  }
  return merge(object, patch);
}

function merge(object: JsonObject, patch: JsonObject): JsonObject {
  const result = { ...object };
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      delete result[key];
      continue;
    }
    const current = getKey(result, key);
    setKey(result, key, isObject(value) && isObject(current) ? merge(current, value) : withoutNulls(value));
  }
  return result;
}

/** What a patch puts where nothing was: its own nulls mean "absent" (but items of lists stay). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(item => (item === null ? null : withoutNulls(item)));
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setKey(result, key, withoutNulls(value[key]));
  return result;
}
