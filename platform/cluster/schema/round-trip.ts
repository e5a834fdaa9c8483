// Gives an object the form that it has after a Go server has read it into structs and written it again:
// empty optional fields go, required ones come with their zero value, quantities and times become canonical.
// Ownership of fields (managedFields) and no-op detection depend on this form.
import { parseMicroTime, parseTime } from './go-time.ts';
import { copyValue, isObject, type JsonObject } from './json-values.ts';
import { canonicalQuantity, isQuantity } from './quantity.ts';
import type { TypeSchema } from './type-schema.ts';

/**
 * Mutates `object` into the form that the real server stores and answers; fields that no struct has go. Values of a wrong
 * type stay (see `checkTypes`). Of CRDs only metadata is typed; everything else stays as it was written.
 */
export function roundTrip(schema: TypeSchema, object: JsonObject): void {
  if (schema.go) fields(schema, object);
  else roundTripMetadata(schema, object);
}

const emptyObjects = new WeakMap<TypeSchema, JsonObject>();

/** What a new, empty object of a kind looks like to the server before anything is set. */
export function emptyObject(schema: TypeSchema): JsonObject {
  return copyValue(sharedEmptyObject(schema));
}

/** The same, shared: never change it. */
export function sharedEmptyObject(schema: TypeSchema): JsonObject {
  let object = emptyObjects.get(schema);
  if (!object) {
    object = {};
    roundTrip(schema, object);
    emptyObjects.set(schema, object);
  }
  return object;
}

function roundTripMetadata(schema: TypeSchema, value: unknown): void {
  if (Array.isArray(value)) {
    if (schema.items && mayEmbed(schema.items)) for (const item of value) roundTripMetadata(schema.items, item);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, child] of schema.properties) {
    const field = value[key];
    if (child.go?.struct === undefined) {
      if (typeof field === 'object' && field !== null && mayEmbed(child)) roundTripMetadata(child, field);
    } else if (isObject(field)) fields(child, field);
  }
}

const embedding = new WeakMap<TypeSchema, boolean>();

/** Whether a CRD's schema has an embedded resource somewhere below, whose metadata is typed. */
function mayEmbed(schema: TypeSchema): boolean {
  let known = embedding.get(schema);
  if (known === undefined) {
    embedding.set(schema, false);
    known = schema.embedded || (schema.items !== undefined && schema.items !== schema && mayEmbed(schema.items));
    if (!known) for (const child of schema.properties.values()) known ||= mayEmbed(child);
    embedding.set(schema, known);
  }
  return known;
}

function fields(schema: TypeSchema, object: JsonObject): void {
  for (const [key, child] of schema.properties) {
    if (!child.go) continue;
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    const next = value === undefined || value === null ? zero(child) : written(child, value);
    if (next === undefined) {
      if (value !== undefined) delete object[key];
    } else if (next !== value) object[key] = next;
  }
  if (schema.values) return;
  for (const key of Object.keys(object)) if (!schema.properties.has(key)) delete object[key];
}

/** How a field that was not set is written; undefined when it is left out. */
function zero(schema: TypeSchema): unknown {
  const { go, type, format } = schema;
  if (!go || go.omitZero) return undefined;
  if (go.pointer) return go.omitEmpty ? undefined : null;
  if (go.struct) {
    const value: JsonObject = {};
    fields(schema, value);
    return value;
  }
  switch (type) {
    case 'string':
      if (format === 'time' || format === 'microtime') return null;
      if (format === 'quantity') return '0';
      return go.omitEmpty ? undefined : format === 'byte' ? null : '';
    case 'int-or-string':
      return 0;
    case 'any':
      return go.omitEmpty && !go.type.includes('.') ? undefined : null;
    case 'integer':
    case 'number':
      return go.omitEmpty ? undefined : 0;
    case 'boolean':
      return go.omitEmpty ? undefined : false;
    default:
      return go.omitEmpty ? undefined : null;
  }
}

/** How a value is written; undefined when it is left out. Changes containers in place. */
function written(schema: TypeSchema, value: unknown): unknown {
  const { go } = schema;
  const omits = go?.omitEmpty === true;
  if (typeof value === 'string') {
    if (value === '' && omits && !go.pointer && schema.format !== 'quantity' && schema.type === 'string') return undefined;
    return schema.format === undefined ? value : canonicalText(schema, value);
  }
  if (typeof value === 'number') {
    if (schema.format === 'quantity') return canonicalText(schema, String(value));
    const isNumber = schema.type === 'integer' || schema.type === 'number';
    return value === 0 && isNumber && omits && !go.pointer ? undefined : value;
  }
  if (typeof value === 'boolean') return !value && schema.type === 'boolean' && omits && !go.pointer ? undefined : value;
  if (schema.type === 'any') return value;
  if (Array.isArray(value)) {
    if (value.length === 0 && go && schema.type === 'array') return omits ? undefined : null;
    if (schema.items) elements(schema.items, value);
    return value;
  }
  if (!isObject(value)) return value;
  if (go?.struct) {
    fields(schema, value);
    return value;
  }
  const keys = Object.keys(value);
  if (keys.length === 0 && go && !go.pointer && schema.type === 'object') return omits ? undefined : null;
  if (schema.values) {
    for (const key of keys) value[key] = element(schema.values, value[key]);
  }
  return value;
}

function elements(schema: TypeSchema, list: unknown[]): void {
  for (let index = 0; index < list.length; index++) list[index] = element(schema, list[index]);
}

/** Elements of lists and maps are never left out: null becomes the zero value. */
function element(schema: TypeSchema, value: unknown): unknown {
  if (value === null || value === undefined) return schema.go ? (zero(schema) ?? null) : value;
  return written(schema, value) ?? value;
}

function canonicalText({ format }: TypeSchema, value: string): string {
  if (format === 'quantity') return isQuantity(value.trim()) ? canonicalQuantity(value.trim()) : value;
  if (format === 'time' || format === 'microtime') {
    const parsed = format === 'time' ? parseTime(value) : parseMicroTime(value);
    return parsed.ok ? parsed.canonical : value;
  }
  return value;
}
