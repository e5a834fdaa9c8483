// Finds the first value that a typed Go server could not read into its structs, and says so in encoding/json's words.

import { parseMicroTime, parseTime } from './go-time.ts';
import { isObject } from './json-values.ts';
import { isInteger32, isSafeInteger64 } from './numbers.ts';
import { isQuantity, quantityPattern } from './quantity.ts';
import { fieldSchema, type TypeSchema } from './type-schema.ts';

/**
 * The real server's message for the first value of the wrong type (`json: cannot unmarshal string into Go struct field
 * DeploymentSpec.spec.replicas of type int32`, `illegal base64 data at input byte 0`, …); undefined when all fit.
 * The caller prefixes `KIND in version "VERSION" cannot be handled as a KIND: `. Of CRDs only the metadata is checked here
 * (`validateSchema` does the rest).
 */
export function checkTypes(schema: TypeSchema, object: unknown): string | undefined {
  if (schema.go) return check(schema, object, { struct: undefined, path: '' });
  const metadata = schema.properties.get('metadata');
  if (!metadata || !isObject(object)) return undefined;
  return check(metadata, object.metadata, { struct: undefined, path: '' });
}

interface Place {
  /** The name of the innermost struct around the value. */
  struct: string | undefined;
  path: string;
}

function check(schema: TypeSchema, value: unknown, place: Place): string | undefined {
  if (value === null || value === undefined || schema.type === 'any') return undefined;
  switch (schema.type) {
    case 'object':
      return isObject(value) ? checkFields(schema, value, place) : mismatch(schema, value, place);
    case 'array':
      if (!Array.isArray(value)) return mismatch(schema, value, place);
      for (const item of value) {
        const message = schema.items && check(schema.items, item, place);
        if (message) return message;
      }
      return undefined;
    case 'string':
      return checkText(schema, value, place);
    case 'boolean':
      return typeof value === 'boolean' ? undefined : mismatch(schema, value, place);
    case 'integer':
      if (typeof value !== 'number') return mismatch(schema, value, place);
      if (schema.go?.type.endsWith('64') ? isSafeInteger64(value) : isInteger32(value)) return undefined;
      return mismatch(schema, value, place, `number ${literal(value)}`);
    case 'number':
      return typeof value === 'number' ? undefined : mismatch(schema, value, place);
    case 'int-or-string':
      if (typeof value === 'string' || (typeof value === 'number' && isInteger32(value))) return undefined;
      return `json: cannot unmarshal ${typeof value === 'number' ? `number ${literal(value)}` : jsonName(value)} into Go value of type int32`;
  }
}

function checkFields(schema: TypeSchema, value: Record<string, unknown>, { struct, path }: Place): string | undefined {
  const own = schema.go?.struct;
  for (const key of Object.keys(value)) {
    const child = fieldSchema(schema, key);
    if (!child) continue;
    // A map's key is no part of the path that Go reports, a struct's field is.
    const place = own ? { struct: own, path: path ? `${path}.${key}` : key } : { struct, path };
    const message = check(child, value[key], place);
    if (message) return message;
  }
  return undefined;
}

function checkText(schema: TypeSchema, value: unknown, place: Place): string | undefined {
  switch (schema.format) {
    case 'quantity':
      if (typeof value === 'number') return undefined;
      return typeof value === 'string' && isQuantity(value.trim()) ? undefined : quantityMessage;
    case 'time':
    case 'microtime': {
      if (typeof value !== 'string') return `json: cannot unmarshal ${jsonName(value)} into Go value of type string`;
      const parsed = schema.format === 'time' ? parseTime(value) : parseMicroTime(value);
      return parsed.ok ? undefined : parsed.message;
    }
    case 'byte': {
      if (typeof value !== 'string') return mismatch(schema, value, place, jsonName(value), '[]uint8');
      const position = illegalBase64(value);
      return position === undefined ? undefined : `illegal base64 data at input byte ${position}`;
    }
    default:
      return typeof value === 'string' ? undefined : mismatch(schema, value, place);
  }
}

const quantityMessage = `quantities must match the regular expression '${quantityPattern}'`;

function mismatch(
  schema: TypeSchema,
  value: unknown,
  { struct, path }: Place,
  what = jsonName(value),
  type = goType(schema),
): string {
  if (struct === undefined) return `json: cannot unmarshal ${what} into Go value of type ${type}`;
  return `json: cannot unmarshal ${what} into Go struct field ${struct}.${path} of type ${type}`;
}

function goType({ go, type }: TypeSchema): string {
  return go?.type.replaceAll('[]byte', '[]uint8') ?? type;
}

function jsonName(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

function literal(value: number): string {
  return Math.abs(value) < 1e21 && Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

/** Where Go's base64.StdEncoding gives up; undefined when it would not. */
function illegalBase64(text: string): number | undefined {
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  let inQuantum = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? '';
    if (character === '\n' || character === '\r') continue;
    if (character === '=') {
      if (inQuantum < 2) return index;
      const rest = text.slice(index + 1).replace(/[\r\n]/g, '');
      if (inQuantum === 2) {
        if (rest === '') return text.length;
        return rest === '=' ? undefined : rest.startsWith('=') ? text.length - rest.length + 1 : index + 1;
      }
      return rest === '' ? undefined : index + 1;
    }
    if (!/[A-Za-z0-9+/]/.test(character)) return index;
    inQuantum = (inQuantum + 1) % 4;
  }
  return inQuantum === 0 ? undefined : text.length - inQuantum;
}
