// From the bytes of a request to a value, by content type, with the real server's errors for what cannot be read.
import { DecodeError } from './errors.ts';
import { readJson } from './json-text.ts';
import { isObject } from './json-values.ts';
import { readProtobuf } from './protobuf.ts';
import { readYaml } from './yaml-text.ts';

export interface DecodedBody {
  value: unknown;
  /** Paths of keys that stand more than once (`metadata.name`), for `duplicate field "…"`. */
  duplicateFields: string[];
  format: 'json' | 'yaml' | 'protobuf';
  /** Kind and version from the envelope of a protobuf body; they are in `value` too. */
  typeMeta?: { apiVersion: string; kind: string };
}

const versionKind = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/**
 * Decodes a body into an object or null. Without a content type it is read as JSON.
 * @param expected the kind that the body must be of; it is named in errors (`the object provided is unrecognized (must be of type …)`)
 * @throws DecodeError 415 for a content type that is not read, 400 for what cannot be parsed
 */
export function decodeBody(bytes: Uint8Array, contentType: string | undefined, expected?: string): DecodedBody {
  try {
    return decode(bytes, contentType);
  } catch (error) {
    if (!(error instanceof DecodeError) || error.code !== 400 || expected === undefined) throw error;
    throw new DecodeError(
      `the object provided is unrecognized (must be of type ${expected}): ${error.message} (${summary(bytes)})`,
    );
  }
}

function decode(bytes: Uint8Array, contentType: string | undefined): DecodedBody {
  const mediaType = (contentType ?? 'application/json').split(';', 1)[0]?.trim().toLowerCase();
  switch (mediaType) {
    case '':
    case '*/*':
    case 'application/json':
      return readObject(() => readJson(text(bytes)), 'json');
    case 'application/yaml':
      return readObject(() => readYaml(text(bytes)), 'yaml');
    case 'application/vnd.kubernetes.protobuf': {
      const { value, typeMeta } = readProtobuf(bytes);
      return { value, typeMeta, duplicateFields: [], format: 'protobuf' };
    }
    default:
      throw new DecodeError(
        'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf',
        415,
      );
  }
}

function readObject(read: () => { value: unknown; duplicates: string[] }, format: 'json' | 'yaml'): DecodedBody {
  let body: { value: unknown; duplicates: string[] };
  try {
    body = read();
  } catch (error) {
    throw error instanceof DecodeError && format === 'json' ? unrecognized(error.message) : error;
  }
  const { value, duplicates } = body;
  if (value !== null && !isObject(value))
    throw unrecognized(`json: cannot unmarshal ${jsonName(value)} into Go value of type ${versionKind}`);
  for (const field of ['apiVersion', 'kind'] as const) {
    const found = value?.[field];
    if (found === undefined || found === null || typeof found === 'string') continue;
    throw unrecognized(`json: cannot unmarshal ${jsonName(found)} into Go struct field .${field} of type string`);
  }
  return { value, duplicateFields: duplicates, format };
}

function unrecognized(reason: string): DecodeError {
  return new DecodeError(`couldn't get version/kind; json parse error: ${reason}`);
}

function jsonName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** The start of the body: as text when it looks like an object, as hexadecimal digits otherwise. */
function summary(bytes: Uint8Array): string {
  if (bytes.length === 0) return '<empty>';
  const start = bytes.subarray(0, 30);
  const shown = bytes[0] === 0x7b ? text(start) : Buffer.from(start).toString('hex');
  return bytes.length > 30 ? `${shown} ...` : shown;
}
