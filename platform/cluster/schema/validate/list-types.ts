// Uniqueness in lists of type set and map, and which old item an item goes on from.
import type { FieldError } from '../errors.ts';
import { isObject, type JsonObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';

/** A duplicate for every item that repeats an earlier one. */
export function listTypeErrors(
  schema: TypeSchema,
  { value, path }: { value: unknown[]; path: string },
  errors: FieldError[],
): void {
  if (schema.listType === 'atomic') return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const shown = schema.listType === 'map' ? keyOf(schema, item) : item;
    if (shown === undefined) continue;
    const identity = identityOf(shown);
    if (seen.has(identity)) errors.push({ type: 'Duplicate value', field: `${path}[${index}]`, badValue: shown, detail: '' });
    seen.add(identity);
  }
}

/** The item of an old map-type list with the same keys; undefined where none corresponds. */
export function oldItem(schema: TypeSchema, item: unknown, old: unknown): unknown {
  if (!Array.isArray(old) || schema.listType !== 'map') return undefined;
  const key = keyOf(schema, item);
  if (key === undefined) return undefined;
  const identity = identityOf(key);
  return old.find(each => {
    const other = keyOf(schema, each);
    return other !== undefined && identityOf(other) === identity;
  });
}

function keyOf({ listKeys }: TypeSchema, item: unknown): JsonObject | undefined {
  if (!isObject(item)) return undefined;
  return Object.fromEntries(listKeys.filter(key => Object.hasOwn(item, key)).map(key => [key, item[key]]));
}

function identityOf(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value);
  return JSON.stringify(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
