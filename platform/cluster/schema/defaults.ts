// Fills in the defaults that a schema itself carries, as apiextensions' structural defaulting does.
import { isObject, type JsonObject } from './json-values.ts';
import { fieldSchema, type TypeSchema } from './type-schema.ts';

/**
 * Applies schema defaults. Mutates `object`. In CRDs, a null where the schema does not allow one is replaced by the default or,
 * without one, removed. For built-in types only defaults that differ from the type's zero value are applied
 * (`protocol: TCP`); what Go code defaults is the kinds' part.
 */
export function applySchemaDefaults(schema: TypeSchema, object: unknown): void {
  if (Array.isArray(object)) {
    const { items } = schema;
    if (!items) return;
    for (let index = 0; index < object.length; index++) {
      if (object[index] === null && refusesNull(items) && items.defaultValue !== undefined)
        object[index] = structuredClone(items.defaultValue);
      applySchemaDefaults(items, object[index]);
    }
    return;
  }
  if (!isObject(object) || schema.type === 'any') return;
  for (const [key, property] of schema.properties) fillProperty(object, key, property);
  for (const key of Object.keys(object)) {
    const child = fieldSchema(schema, key);
    if (!child) continue;
    if (object[key] === null && !schema.properties.has(key) && refusesNull(child))
      object[key] = structuredClone(child.defaultValue ?? null);
    if (typeof object[key] === 'object' && object[key] !== null) applySchemaDefaults(child, object[key]);
  }
}

function fillProperty(object: JsonObject, key: string, property: TypeSchema): void {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  const missing = value === undefined || (value === null && refusesNull(property));
  if (!missing) return;
  const { defaultValue } = property;
  if (defaultValue !== undefined && !(property.go && isZero(defaultValue))) object[key] = structuredClone(defaultValue);
  else if (value === null && property.keywords) delete object[key];
}

function refusesNull(schema: TypeSchema): boolean {
  return !schema.nullable && schema.keywords !== undefined && !(schema.type === 'any' && schema.preservesUnknown);
}

function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false || (isObject(value) && Object.keys(value).length === 0);
}
