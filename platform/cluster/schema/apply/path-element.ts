// The elements of a field path: how items of a list are identified, and how a path reads in messages.
import { isObject, type JsonObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';

/** The serialized path element of a field. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The child schema that a serialized path element leads to. */
export function elementSchema(schema: TypeSchema, element: string): TypeSchema | undefined {
  return element.startsWith('f:') ? fieldOf(schema, element.slice(2)) : schema.items;
}

/** The shape of a field as server-side apply sees it. */
export function fieldOf(schema: TypeSchema, name: string): TypeSchema | undefined {
  return schema.properties.get(name) ?? schema.applyValues;
}

export function isAssociative({ type, listType }: TypeSchema): boolean {
  return type === 'array' && listType !== 'atomic';
}

/** The serialized path element of an item of an associative list, or what is wrong with the item. */
export function itemElement(list: TypeSchema, item: unknown): { element: string } | { problem: string } {
  if (list.listType === 'set' || list.listKeys.length === 0) {
    if (Array.isArray(item)) return { problem: 'not supported: associative list with lists as elements' };
    if (item === null) return { problem: "associative list without keys has an element that's an explicit null" };
    if (isObject(item)) return { problem: "associative list without keys has an element that's a map type" };
    return { element: `v:${JSON.stringify(item)}` };
  }
  if (item === null) return { problem: 'associative list with keys may not have a null element' };
  if (!isObject(item)) return { problem: 'associative list with keys may not have non-map elements' };
  const [first = ''] = list.listKeys;
  if (list.listKeys.length === 1 && typeof item[first] === 'string')
    return { element: `k:{"${first}":${JSON.stringify(item[first])}}` };
  const key: JsonObject = {};
  for (const name of sortedKeysOf(list)) {
    const value = Object.hasOwn(item, name) ? item[name] : list.items?.properties.get(name)?.defaultValue;
    if (value !== undefined) key[name] = value;
  }
  if (Object.keys(key).length === 0) {
    const names = list.listKeys.map(name => JSON.stringify(name)).join(' ');
    return {
      problem: `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    };
  }
  return { element: `k:${JSON.stringify(key)}` };
}

const sortedNames = new WeakMap<TypeSchema, string[]>();

function sortedKeysOf(list: TypeSchema): string[] {
  let names = sortedNames.get(list);
  if (!names) sortedNames.set(list, (names = [...list.listKeys].sort()));
  return names;
}

/** A path as messages write it: `.spec.ports[port=80,protocol="TCP"].name`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

export function elementText(element: string): string {
  const value = element.slice(2);
  switch (element[0]) {
    case 'f':
      return `.${value}`;
    case 'k': {
      const key = JSON.parse(value) as JsonObject;
      return `[${Object.keys(key)
        .map(name => `${name}=${JSON.stringify(key[name])}`)
        .join(',')}]`;
    }
    case 'v':
      return `[=${value}]`;
    default:
      return `[${value}]`;
  }
}
