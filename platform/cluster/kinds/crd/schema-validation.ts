// Whether the schema of a custom resource definition is structural, with the complaints of apiextensions-apiserver.
import { compileStructuralSchema, type FieldError, validateSchema } from '../../schema/index.ts';
import { forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { isObject } from '../objects.ts';

type Schema = Record<string, unknown>;

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const UNSUPPORTED = ['id', 'patternProperties', 'definitions', 'dependencies', 'additionalItems'] as const;

type Place = 'root' | 'field' | 'item' | 'value';
const EMPTY_TYPE: Record<Place, string> = {
  root: 'must not be empty at the root',
  field: 'must not be empty for specified object fields',
  item: 'must not be empty for specified array items',
  value: 'must not be empty for specified object fields',
};

function checkDefault(schema: Schema, field: string): FieldError[] {
  if (schema['default'] === undefined) return [];
  // The server validates the default as a document of its own, hence the empty path before " in body".
  const { default: value, ...rest } = schema;
  const wrapped = compileStructuralSchema({ type: 'object', properties: { '': rest } });
  return validateSchema(wrapped, { '': value }).map(error => ({ ...error, field: `${field}.default` }));
}

/** Checks one schema node and everything below. */
function validateStructure(schema: Schema, field: string, place: Place): FieldError[] {
  const errors: FieldError[] = [];
  const type = schema['type'];
  const isFree = schema['x-kubernetes-int-or-string'] === true || schema['x-kubernetes-preserve-unknown-fields'] === true;
  if (!type && (place === 'root' || !isFree)) errors.push(required(`${field}.type`, EMPTY_TYPE[place]));
  else if (type && !TYPES.includes(String(type))) errors.push(unsupported(`${field}.type`, type, TYPES));
  else if (place === 'root' && type !== 'object') errors.push(invalid(`${field}.type`, type, 'must be object at the root'));
  for (const key of UNSUPPORTED)
    if (schema[key] !== undefined) errors.push(forbidden(`${field}.${key}`, `${key} is not supported`));
  if (schema['uniqueItems'] === true) {
    errors.push(
      forbidden(`${field}.uniqueItems`, 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic'),
    );
  }
  if (schema['nullable'] !== true && schema['default'] === null)
    errors.push(invalid(`${field}.default`, null, 'must not be null'));
  const { properties, additionalProperties, items } = schema;
  if (properties !== undefined && additionalProperties !== undefined && additionalProperties !== false) {
    errors.push(forbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'));
  }
  if (type === 'array' && items === undefined) errors.push(required(`${field}.items`, 'must be specified'));
  if (schema['x-kubernetes-list-type'] === 'map' && !(schema['x-kubernetes-list-map-keys'] as unknown[] | undefined)?.length) {
    errors.push(required(`${field}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'));
  }
  if (isObject(properties)) {
    for (const [name, child] of Object.entries(properties)) {
      if (isObject(child)) errors.push(...validateStructure(child, `${field}.properties[${name}]`, 'field'));
    }
  }
  if (isObject(additionalProperties))
    errors.push(...validateStructure(additionalProperties, `${field}.additionalProperties`, 'value'));
  if (isObject(items)) errors.push(...validateStructure(items, `${field}.items`, 'item'));
  return errors;
}

/** Checks the defaults of a schema that is structural. */
function validateDefaults(schema: Schema, field: string): FieldError[] {
  const errors = checkDefault(schema, field);
  const { properties, additionalProperties, items } = schema;
  for (const [name, child] of Object.entries(isObject(properties) ? properties : {})) {
    if (isObject(child)) errors.push(...validateDefaults(child, `${field}.properties[${name}]`));
  }
  if (isObject(additionalProperties)) errors.push(...validateDefaults(additionalProperties, `${field}.additionalProperties`));
  if (isObject(items)) errors.push(...validateDefaults(items, `${field}.items`));
  return errors;
}

/** Checks a whole schema: its structure first, and its defaults when that holds. */
export function validateDefinitionSchema(schema: Schema, field: string): FieldError[] {
  const errors = validateStructure(schema, field, 'root');
  return errors.length > 0 ? errors : validateDefaults(schema, field);
}
