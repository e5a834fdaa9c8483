// Strategic merge patch with its directives ($patch, $setElementOrder, $retainKeys, $deleteFromPrimitiveList), as
// k8s.io/apimachinery/pkg/util/strategicpatch defines it. Only built-in types have the merge keys that it needs.

import { inElementOrder } from './element-order.ts';
import { PatchError } from './errors.ts';
import { goValue } from './go-format.ts';
import { equalValues, getKey, isObject, type JsonObject, setKey } from './json-values.ts';
import { anySchema, fieldSchema, type TypeSchema } from './type-schema.ts';

const directive = '$patch';
const retainKeys = '$retainKeys';
const deletionPrefix = '$deleteFromPrimitiveList';
const orderPrefix = '$setElementOrder';

/**
 * Applies a strategic merge patch; shares what it does not touch with its arguments.
 * @throws PatchError 400 for what is no patch or a malformed directive, 500 for one that makes no sense (as the real server answers)
 */
export function strategicMergePatch(schema: TypeSchema, object: JsonObject, patch: unknown): JsonObject {
  if (patch === null) return object;
  if (!isObject(patch)) {
    const kind = Array.isArray(patch) ? 'array' : typeof patch === 'boolean' ? 'bool' : typeof patch;
    throw new PatchError(400, `json: cannot unmarshal ${kind} into Go value of type map[string]interface {}`);
  }
  return mergeMap(object, patch, schema);
}

function mergeMap(object: JsonObject, source: JsonObject, schema: TypeSchema): JsonObject {
  const instruction = source[directive];
  if (instruction !== undefined) {
    if (instruction === 'delete') return {};
    if (instruction !== 'replace') throw unknownDirective(instruction, source);
    const { [directive]: _, ...rest } = source;
    return rest;
  }
  const patch = { ...source };
  const result = { ...object };
  applyRetainKeys(result, patch);
  applyElementOrders(result, patch, schema);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(deletionPrefix)) deleteFromList(result, key, patch[key]);
    else mergeField(result, key, patch[key], schema);
  }
  return result;
}

function mergeField(result: JsonObject, key: string, value: unknown, schema: TypeSchema): void {
  if (value === null) {
    delete result[key];
    return;
  }
  const current = getKey(result, key);
  const child = fieldSchema(schema, key) ?? anySchema;
  if (isObject(value) && isObject(current)) {
    setKey(result, key, child.patchStrategies.includes('replace') ? value : mergeMap(current, value, child));
  } else if (Array.isArray(value) && Array.isArray(current)) {
    setKey(result, key, child.patchStrategies.includes('merge') ? mergeList(current, value, child) : value);
  } else {
    const cleaned = withoutDirectives(withoutNulls(value));
    if (cleaned === dropped) delete result[key];
    else setKey(result, key, cleaned);
  }
}

function applyRetainKeys(result: JsonObject, patch: JsonObject): void {
  const keys = patch[retainKeys];
  if (keys === undefined) return;
  delete patch[retainKeys];
  const malformed = () => new PatchError(400, 'invalid patch format of retainKeys');
  if (!Array.isArray(keys)) throw malformed();
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || key.startsWith(deletionPrefix) || key.startsWith(orderPrefix)) continue;
    if (!keys.includes(key)) throw malformed();
  }
  for (const key of Object.keys(result)) if (!keys.includes(key)) delete result[key];
}

/** Handles every $setElementOrder/LIST with its list and removes both from the patch. */
function applyElementOrders(result: JsonObject, patch: JsonObject, schema: TypeSchema): void {
  for (const key of Object.keys(patch)) {
    if (!key.startsWith(orderPrefix)) continue;
    const order = patch[key];
    delete patch[key];
    if (!Array.isArray(order)) throw badType('[]interface {}', order);
    const name = nameAfter(key, orderPrefix, 'invalid patch format of setElementOrder list');
    const child = schema.properties.get(name);
    if (!child) {
      throw new PatchError(
        500,
        `unable to find api field in struct ${schema.go?.struct ?? 'map'} for the json field ${JSON.stringify(name)}`,
      );
    }
    const current = getKey(result, name);
    const changes = getKey(patch, name);
    delete patch[name];
    if (current !== undefined && current !== null && !Array.isArray(current)) throw badType('[]interface {}', current);
    if (changes !== undefined && !Array.isArray(changes)) {
      if (changes === null) {
        delete result[name];
        continue;
      }
      throw badType('[]interface {}', changes);
    }
    checkOrder(changes ?? [], order, child.mergeKey);
    const merged = mergedInOrder(Array.isArray(current) ? current : undefined, changes, child);
    if (merged)
      setKey(
        result,
        name,
        inElementOrder(merged, { order, live: Array.isArray(current) ? current : [], mergeKey: child.mergeKey }),
      );
  }
}

function mergedInOrder(current: unknown[] | undefined, changes: unknown[] | undefined, child: TypeSchema): unknown[] | undefined {
  if (!changes) return current;
  if (!current) return withoutDirectives(changes) as unknown[];
  return child.patchStrategies.includes('merge') ? mergeList(current, changes, child) : changes;
}

/** The patch's own items must stand in the order that it asks for. */
function checkOrder(changes: unknown[], order: unknown[], mergeKey: string | undefined): void {
  if (order.length === 0 || changes.length === 0) return;
  const kept = mergeKey ? changes.filter(item => !(isObject(item) && item[directive] === 'delete')) : changes;
  let at = 0;
  let position = 0;
  while (at < kept.length && position < order.length) {
    const item = kept[at];
    if (isObject(item) && directive in item) {
      at += 1;
      continue;
    }
    if (sameElement(item, order[position], mergeKey)) at += 1;
    position += 1;
  }
  if (at < kept.length) {
    throw new PatchError(
      500,
      `The order in patch list:\n${goValue(changes)}\n doesn't match ${orderPrefix} list:\n${goValue(order)}\n`,
    );
  }
}

function sameElement(left: unknown, right: unknown, mergeKey: string | undefined): boolean {
  if (!mergeKey) return left === right;
  return equalValues(mergeValue(left, mergeKey), mergeValue(right, mergeKey));
}

function mergeValue(item: unknown, mergeKey: string): unknown {
  if (!isObject(item)) throw badType('map[string]interface {}', item);
  if (!Object.hasOwn(item, mergeKey))
    throw new PatchError(500, `map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
  return item[mergeKey];
}

function deleteFromList(result: JsonObject, key: string, value: unknown): void {
  const name = nameAfter(key, deletionPrefix, 'invalid patch format of primitive list');
  const current = getKey(result, name);
  if (value === null) delete result[name];
  else if (Array.isArray(current) && Array.isArray(value))
    setKey(
      result,
      name,
      current.filter(item => !value.includes(item)),
    );
}

function mergeList(current: unknown[], changes: unknown[], schema: TypeSchema): unknown[] {
  if (current.length === 0 && changes.length === 0) return current;
  const { mergeKey } = schema;
  const [sample] = current.length > 0 ? current : changes;
  if (!isObject(sample)) {
    for (const item of [...current, ...changes])
      if (Array.isArray(item)) throw new PatchError(422, 'lists of lists are not supported');
    return inElementOrder([...new Set([...current, ...changes])], { order: changes, live: current, mergeKey: undefined });
  }
  if (!mergeKey) throw new PatchError(500, `cannot merge lists without merge key for ${schema.go?.type ?? 'list'}`);
  const { base, additions } = applyListDirectives(current, changes, mergeKey);
  const merged = [...base];
  for (const item of additions) {
    const value = mergeValue(item, mergeKey);
    const index = merged.findIndex(each => isObject(each) && each[mergeKey] === value);
    if (index >= 0) merged[index] = mergeMap(merged[index] as JsonObject, item, schema.items ?? anySchema);
    else merged.push(withoutDirectives(withoutNulls(item)));
  }
  return inElementOrder(merged, { order: additions, live: base, mergeKey });
}

function applyListDirectives(
  current: unknown[],
  changes: unknown[],
  mergeKey: string,
): { base: unknown[]; additions: JsonObject[] } {
  let base = current;
  let replaces = false;
  const additions: JsonObject[] = [];
  for (const item of changes) {
    if (!isObject(item)) throw badType('map[string]interface {}', item);
    const instruction = item[directive];
    if (instruction === undefined) {
      additions.push(item);
    } else if (instruction === 'delete') {
      const value = mergeValue(item, mergeKey);
      base = base.filter(each => !(isObject(each) && each[mergeKey] === value));
    } else if (instruction === 'replace') {
      replaces = true;
    } else if (instruction === 'merge') {
      throw new PatchError(500, 'merging lists cannot yet be specified in the patch');
    } else throw unknownDirective(instruction, item);
  }
  return replaces ? { base: additions, additions: [] } : { base, additions };
}

const dropped = Symbol('dropped');

/** Values where nothing was to merge with: items and maps that carry a directive go. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter(item => item !== dropped);
  if (!isObject(value)) return value;
  if (directive in value) return dropped;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) {
    const field = withoutDirectives(value[key]);
    if (field !== dropped) setKey(result, key, field);
  }
  return result;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const result: JsonObject = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setKey(result, key, withoutNulls(value[key]));
  return result;
}

function nameAfter(key: string, prefix: string, malformed: string): string {
  const [head, ...rest] = key.split('/');
  if (head !== prefix || rest.length === 0) throw new PatchError(400, malformed);
  return rest.join('/');
}

function unknownDirective(instruction: unknown, map: JsonObject): PatchError {
  return new PatchError(500, `unknown patch type: ${goValue(instruction)} in map: ${goValue(map)}`);
}

function badType(expected: string, actual: unknown): PatchError {
  const kind = Array.isArray(actual) ? '[]interface {}' : isObject(actual) ? 'map[string]interface {}' : typeof actual;
  return new PatchError(
    500,
    `expected a ${expected}, but received a ${actual === null || actual === undefined ? 'nil' : kind.replace('number', 'int64').replace('boolean', 'bool')}`,
  );
}
