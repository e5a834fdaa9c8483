// Fields that a schema does not know: named for strict decoding and warnings, or removed.
import { isObject } from './json-values.ts';
import { fieldSchema, type TypeSchema } from './type-schema.ts';

/** The real server stops counting there. */
const limit = 100;

/** Paths of the fields that the schema does not know (`spec.template.spec.containers[0].imagee`), in the order of the body; for CRDs sorted. */
export function findUnknownFields(schema: TypeSchema, object: unknown): string[] {
  const found: string[] = [];
  visit(schema, object, '', path => {
    if (found.length < limit) found.push(path);
    return false;
  });
  return schema.go ? found : found.sort();
}

/** Removes the fields that the schema does not know. Mutates `object`. */
export function prune(schema: TypeSchema, object: unknown): void {
  visit(schema, object, '', () => true);
}

function visit(schema: TypeSchema, value: unknown, path: string, remove: (path: string) => boolean): void {
  if (schema.type === 'any' && !schema.embedded && schema.properties.size === 0) return;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items) for (let index = 0; index < value.length; index++) visit(items, value[index], `${path}[${index}]`, remove);
    return;
  }
  if (!isObject(value)) return;
  if (schema.type !== 'object' && schema.type !== 'any') return;
  for (const key of Object.keys(value)) {
    const child = fieldSchema(schema, key);
    const childPath = path ? `${path}.${key}` : key;
    if (child) visit(child, value[key], childPath, remove);
    else if (!schema.preservesUnknown && remove(childPath)) delete value[key];
  }
}
