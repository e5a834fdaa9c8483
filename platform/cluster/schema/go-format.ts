// Writes values as Go writes them: `%v` of maps, and JSON with struct fields in the order of their struct. Error texts need both.
import { isObject, type JsonObject } from './json-values.ts';
import type { TypeSchema } from './type-schema.ts';

/** Go's `%v` of a decoded JSON value: `map[a:1 b:[x y]]`. */
export function goValue(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[${keys.map(key => `${key}:${goValue(value[key])}`).join(' ')}]`;
  }
  return typeof value === 'number' ? goNumber(value) : String(value);
}

/** Go's `%#v` of a decoded JSON value. */
export function goSyntax(value: unknown): string {
  if (value === null || value === undefined) return 'interface {}(nil)';
  if (typeof value === 'string') return goQuote(value);
  if (Array.isArray(value)) return `[]interface {}{${value.map(goSyntax).join(', ')}}`;
  if (isObject(value)) {
    const keys = Object.keys(value).sort();
    return `map[string]interface {}{${keys.map(key => `${goQuote(key)}:${goSyntax(value[key])}`).join(', ')}}`;
  }
  return typeof value === 'number' ? goNumber(value) : String(value);
}

/** Go's `%T` of a decoded JSON value. */
export function goTypeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int64' : 'float64';
    default:
      return 'map[string]interface {}';
  }
}

/** Go's `%q`. */
export function goQuote(text: string): string {
  const json = JSON.stringify(text);
  if (!json.includes('\\u00') && !json.includes('\u007f')) return json;
  return json.replace(/\\u00([0-9a-f]{2})|\u007f/g, (whole, code: string | undefined) => {
    if (code === '07') return '\\a';
    return code === '0b' ? '\\v' : `\\x${code ?? whole.charCodeAt(0).toString(16)}`;
  });
}

function goNumber(value: number): string {
  return value.toString().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** JSON as encoding/json writes it: map keys sorted, `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  return encode(value, undefined, undefined);
}

/**
 * The document that a JSON or merge patch made, as the real server shows it in errors: objects that the patch went through
 * have sorted keys, those it left alone (shared with `original`) keep the order of their struct.
 */
export function goJsonOfPatched(schema: TypeSchema, original: JsonObject, patched: JsonObject): string {
  return encode(patched, schema, original);
}

function encode(value: unknown, schema: TypeSchema | undefined, original: unknown): string {
  if (typeof value === 'string') return goString(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const touched = original !== undefined && value !== original;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => {
      const before =
        touched && Array.isArray(original) ? (original.includes(item) ? item : (original[index] ?? null)) : undefined;
      return encode(item, schema?.items, before);
    });
    return `[${items.join(',')}]`;
  }
  const object = value as JsonObject;
  const keys = schema?.go?.struct && !touched ? structOrder(schema, object) : Object.keys(object).sort();
  const fields = keys.map(key => {
    const before = touched ? (isObject(original) ? (original[key] ?? null) : null) : undefined;
    return `${goString(key)}:${encode(object[key], schema?.properties.get(key) ?? schema?.values, before)}`;
  });
  return `{${fields.join(',')}}`;
}

function structOrder(schema: TypeSchema, object: JsonObject): string[] {
  const known = [...schema.properties.keys()].filter(key => key in object);
  return [...known, ...Object.keys(object).filter(key => !schema.properties.has(key))];
}

function goString(text: string): string {
  const json = JSON.stringify(text);
  return /[<>&\u2028\u2029]/.test(json)
    ? json.replace(/[<>&\u2028\u2029]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
    : json;
}
