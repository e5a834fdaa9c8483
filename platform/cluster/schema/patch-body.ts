// Reads the body of a PATCH by its kind, with the errors that the real server gives for each.
import { DecodeError } from './errors.ts';
import { readJson } from './json-text.ts';
import { isObject, type JsonObject } from './json-values.ts';
import { readYaml } from './yaml-text.ts';

export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply';

export interface PatchBody {
  value: unknown;
  duplicateFields: string[];
}

/** @throws DecodeError 400 for what cannot be parsed; that an apply is an object is checked, of other patches the functions check it */
export function decodePatch(bytes: Uint8Array, kind: PatchKind): PatchBody {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (kind === 'apply') return decodeApply(text);
  try {
    const { value, duplicates } = readJson(text);
    return { value, duplicateFields: duplicates };
  } catch (error) {
    if (kind === 'strategic' || !(error instanceof DecodeError)) throw error;
    throw new DecodeError(`error decoding patch: ${error.message}`);
  }
}

function decodeApply(text: string): PatchBody {
  const body = fromJson(text) ?? fromYaml(text);
  if (!isObject(body.value)) {
    const kind = Array.isArray(body.value) ? 'array' : typeof body.value === 'boolean' ? 'bool' : typeof body.value;
    if (body.value === null) return { ...body, value: {} as JsonObject };
    throw new DecodeError(
      `error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`,
    );
  }
  return body;
}

/** JSON is YAML too, and what most clients send; it is read much faster as what it is. */
function fromJson(text: string): PatchBody | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const { value, duplicates } = readJson(text);
    return { value, duplicateFields: duplicates };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function fromYaml(text: string): PatchBody {
  try {
    const { value, duplicates } = readYaml(text);
    return { value, duplicateFields: duplicates };
  } catch (error) {
    throw error instanceof DecodeError ? new DecodeError(`error decoding YAML: ${error.message}`) : error;
  }
}
