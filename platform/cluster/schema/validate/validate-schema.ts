// Checks a custom resource against the keywords of its structural schema, with the real server's errors (kube-openapi's validation,
// apiextensions' list types and embedded resources). What did not change since the old object is not judged again ("ratcheting").
import type { FieldError } from '../errors.ts';
import { equalValues, isObject, type JsonObject } from '../json-values.ts';
import { fieldSchema, type TypeSchema } from '../type-schema.ts';
import { matchesFormat } from './formats.ts';
import { listTypeErrors, oldItem } from './list-types.ts';
import { numberErrors, sizeErrors, stringErrors } from './value-keywords.ts';

/** Every violation; an empty list when the object fits. CEL rules are not evaluated here, nor is metadata checked. */
export function validateSchema(schema: TypeSchema, object: JsonObject, oldObject?: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const { keywords = {} } = schema;
  for (const key of schema.required) {
    if (!Object.hasOwn(object, key) && key !== 'metadata') errors.push({ type: 'Required value', field: key, detail: '' });
  }
  for (const key of Object.keys(object)) {
    if (key === 'metadata' || key === 'apiVersion' || key === 'kind') continue;
    const child = fieldSchema(schema, key);
    if (child) validate(child, { value: object[key], old: oldObject?.[key], path: key }, errors);
  }
  sizeErrors(keywords, { value: object, path: '' }, errors);
  validateJunctors(keywords, { value: object, old: oldObject, path: '' }, errors);
  return errors;
}

interface Subject {
  value: unknown;
  old?: unknown;
  path: string;
}

function validate(schema: TypeSchema, subject: Subject, errors: FieldError[]): void {
  const { value, old, path } = subject;
  const { keywords } = schema;
  if (keywords === undefined || (old !== undefined && equalValues(value, old))) return;
  if (value === null && schema.nullable) return;
  const wrong = typeError(keywords, value, path);
  if (wrong) {
    errors.push(wrong);
    return;
  }
  if (Array.isArray(keywords.enum) && !keywords.enum.some(each => equalValues(each, value))) {
    const names = keywords.enum.map(each =>
      typeof each === 'string' ? JSON.stringify(each) : JSON.stringify(JSON.stringify(each)),
    );
    errors.push({ type: 'Unsupported value', field: path, badValue: value, detail: `supported values: ${names.join(', ')}` });
  }
  if (typeof value === 'string') {
    stringErrors(keywords, { value, path }, errors);
    const { format } = keywords;
    if (typeof format === 'string' && !matchesFormat(format, value)) {
      errors.push({
        type: 'Type',
        field: path,
        badValue: value,
        detail: `${path} in body must be of type ${format}: ${JSON.stringify(value)}`,
      });
    }
  }
  if (typeof value === 'number') numberErrors(keywords, { value, path }, errors);
  sizeErrors(keywords, { value, path }, errors);
  validateJunctors(keywords, subject, errors);
  if (Array.isArray(value)) validateItems(schema, { value, old, path }, errors);
  else if (isObject(value)) validateFields(schema, { value, old, path }, errors);
}

function validateItems(
  schema: TypeSchema,
  { value, old, path }: { value: unknown[]; old: unknown; path: string },
  errors: FieldError[],
): void {
  const { items } = schema;
  if (items) {
    for (const [index, item] of value.entries())
      validate(items, { value: item, old: oldItem(schema, item, old), path: `${path}[${index}]` }, errors);
  }
  listTypeErrors(schema, { value, path }, errors);
}

function validateFields(
  schema: TypeSchema,
  { value, old, path }: { value: JsonObject; old: unknown; path: string },
  errors: FieldError[],
): void {
  for (const key of schema.required) {
    if (!Object.hasOwn(value, key)) errors.push({ type: 'Required value', field: `${path}.${key}`, detail: '' });
  }
  if (schema.embedded) {
    for (const key of ['apiVersion', 'kind']) {
      if (!value[key] && !schema.required.includes(key))
        errors.push({ type: 'Required value', field: `${path}.${key}`, detail: '' });
    }
  }
  for (const key of Object.keys(value)) {
    const child = fieldSchema(schema, key);
    if (child) validate(child, { value: value[key], old: isObject(old) ? old[key] : undefined, path: `${path}.${key}` }, errors);
  }
}

/** allOf, anyOf, oneOf and not hold value validations only, so their raw schemas are walked as they are. */
function validateJunctors(keywords: JsonObject, subject: Subject, errors: FieldError[]): void {
  const { path } = subject;
  const outcomes = (key: string) =>
    (Array.isArray(keywords[key]) ? (keywords[key] as JsonObject[]) : []).map(each => judge(each, subject));
  // The real server names no field here, but in the text.
  const complain = (detail: string) =>
    errors.push({ type: 'Invalid value', field: '<nil>', badValue: '', detail: `"${path}" ${detail}` });
  for (const failures of outcomes('allOf')) errors.push(...failures);
  const any = outcomes('anyOf');
  if (any.length > 0 && any.every(failures => failures.length > 0)) {
    complain('must validate at least one schema (anyOf)');
    errors.push(...fewest(any));
  }
  const one = outcomes('oneOf');
  const valid = one.filter(failures => failures.length === 0).length;
  if (one.length > 0 && valid !== 1) {
    complain(
      `must validate one and only one schema (oneOf). Found ${valid === 0 ? 'none valid' : `${valid} valid alternatives`}`,
    );
    if (valid === 0) errors.push(...fewest(one));
  }
  if (isObject(keywords.not) && judge(keywords.not, subject).length === 0) complain('must not validate the schema (not)');
}

function fewest(outcomes: FieldError[][]): FieldError[] {
  return outcomes.reduce((best, each) => (each.length < best.length ? each : best), outcomes[0] ?? []);
}

function judge(keywords: JsonObject, subject: Subject): FieldError[] {
  const errors: FieldError[] = [];
  const { value, path } = subject;
  const wrong = typeError(keywords, value, path);
  if (wrong) return [wrong];
  if (Array.isArray(keywords.enum) && !keywords.enum.some(each => equalValues(each, value))) {
    errors.push({
      type: 'Unsupported value',
      field: path,
      badValue: value,
      detail: `supported values: ${keywords.enum.map(each => JSON.stringify(each)).join(', ')}`,
    });
  }
  if (typeof value === 'string') stringErrors(keywords, { value, path }, errors);
  if (typeof value === 'number') numberErrors(keywords, { value, path }, errors);
  sizeErrors(keywords, { value, path }, errors);
  const nested = (key: string, child: unknown) => (path === '' ? key : `${path}${Array.isArray(child) ? '' : '.'}${key}`);
  if (isObject(value)) {
    for (const key of Array.isArray(keywords.required) ? (keywords.required as string[]) : []) {
      if (!Object.hasOwn(value, key)) errors.push({ type: 'Required value', field: nested(key, value), detail: '' });
    }
    for (const [key, child] of Object.entries(isObject(keywords.properties) ? keywords.properties : {})) {
      if (Object.hasOwn(value, key) && isObject(child))
        errors.push(...judge(child, { value: value[key], path: nested(key, value) }));
    }
    if (isObject(keywords.additionalProperties)) {
      const known = isObject(keywords.properties) ? keywords.properties : {};
      for (const key of Object.keys(value)) {
        if (!Object.hasOwn(known, key))
          errors.push(...judge(keywords.additionalProperties, { value: value[key], path: nested(key, value) }));
      }
    }
  }
  if (Array.isArray(value) && isObject(keywords.items)) {
    for (const [index, item] of value.entries())
      errors.push(...judge(keywords.items, { value: item, path: `${path}[${index}]` }));
  }
  validateJunctors(keywords, subject, errors);
  return errors;
}

function typeError(keywords: JsonObject, value: unknown, path: string): FieldError | undefined {
  const intOrString = keywords['x-kubernetes-int-or-string'] === true;
  const wanted = intOrString ? 'integer,string' : keywords.type;
  if (typeof wanted !== 'string' || wanted === '') return undefined;
  const actual = typeName(value);
  const fits = intOrString
    ? actual === 'integer' || actual === 'string'
    : actual === wanted || (wanted === 'number' && actual === 'integer');
  if (fits || (value === null && keywords.nullable === true)) return undefined;
  return {
    type: 'Type',
    field: path,
    badValue: actual,
    detail: `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`,
  };
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
