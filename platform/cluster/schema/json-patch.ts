// JSON patch (RFC 6902) with the leniencies of the library that the real server uses (evanphx/json-patch v4): replacing an absent key
// adds it, negative indexes count from the end, an absent value equals null in tests.
import { PatchError } from './errors.ts';
import { equalValues, getKey, isObject, type JsonObject, setKey } from './json-values.ts';

const maxOperations = 10_000;
/** Copies may add that much JSON in all. */
const maxCopiedBytes = 3 * 1024 * 1024;

/** Containers that this patch has made itself and may change. */
type Owned = WeakSet<object>;

/**
 * Applies operations to an object; shares what they do not touch with it.
 * @throws PatchError 400 for what is no list of operations, 422 for an operation that fails, 413 for too many
 */
export function jsonPatch(object: JsonObject, operations: unknown): JsonObject {
  if (!Array.isArray(operations)) {
    if (operations === null) return object;
    const kind = typeof operations === 'boolean' ? 'bool' : typeof operations;
    throw new PatchError(
      400,
      `error decoding patch: json: cannot unmarshal ${kind} into Go value of type []handlers.jsonPatchOp`,
    );
  }
  if (operations.length > maxOperations) {
    throw new PatchError(413, `The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`);
  }
  const owned: Owned = new WeakSet();
  const root = { '': object as unknown };
  let copied = 0;
  for (const operation of operations) {
    if (!isObject(operation))
      throw new PatchError(400, 'error decoding patch: json: cannot unmarshal a value that is no operation');
    if (operation.op === 'copy') {
      copied += JSON.stringify(valueAt(root, pathOf(operation, 'from')) ?? null).length;
      if (copied > maxCopiedBytes)
        throw new PatchError(422, 'Unable to complete the copy, the accumulated size increase of copy is too large');
    }
    apply(root, operation, owned);
  }
  const result = root[''];
  if (!isObject(result)) throw new PatchError(422, 'the patched document is no object');
  return result;
}

function apply(root: { '': unknown }, operation: JsonObject, owned: Owned): void {
  switch (operation.op) {
    case 'add':
      add(place(root, pathOf(operation, 'path'), owned), structuredClone(operation.value ?? null));
      return;
    case 'remove':
      remove(place(root, pathOf(operation, 'path'), owned));
      return;
    case 'replace': {
      if (pathOf(operation, 'path') === '') {
        root[''] = structuredClone(operation.value ?? null);
        return;
      }
      const target = place(root, pathOf(operation, 'path'), owned);
      get(target);
      if (Array.isArray(target.container))
        target.container[indexIn(target.container, target.key, 0)] = structuredClone(operation.value ?? null);
      else setKey(target.container, target.key, structuredClone(operation.value ?? null));
      return;
    }
    case 'move': {
      const source = place(root, pathOf(operation, 'from'), owned);
      const value = get(source);
      remove(source);
      add(place(root, pathOf(operation, 'path'), owned), value);
      return;
    }
    case 'copy': {
      const value = get(place(root, pathOf(operation, 'from'), owned));
      add(place(root, pathOf(operation, 'path'), owned), structuredClone(value ?? null));
      return;
    }
    case 'test': {
      const path = pathOf(operation, 'path');
      const value = path === '' ? root[''] : get(place(root, path, undefined));
      if (!equalValues(value ?? null, operation.value ?? null)) throw new PatchError(422, `testing value ${path} failed`);
      return;
    }
    default:
      throw new PatchError(422, `Unexpected kind: ${String(operation.op ?? 'unknown')}`);
  }
}

interface Place {
  container: JsonObject | unknown[];
  key: string;
}

function pathOf(operation: JsonObject, name: 'path' | 'from'): string {
  const path = operation[name];
  if (typeof path !== 'string') throw new PatchError(422, `operation missing ${name} field`);
  return path;
}

/** The container that the last part of a path lies in. With `owned`, everything on the way is copied once, so that it may change. */
function place(root: { '': unknown }, path: string, owned: Owned | undefined): Place {
  const parts = path.split('/').map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (parts.length < 2) throw missing(path);
  let container: JsonObject | unknown[] = root as JsonObject;
  let key = '';
  for (const part of parts.slice(1)) {
    const next = Array.isArray(container) ? container[indexIn(container, key, 0)] : getKey(container, key);
    if (typeof next !== 'object' || next === null) throw missing(path);
    let child = next as JsonObject | unknown[];
    if (owned && !owned.has(child)) {
      child = Array.isArray(child) ? [...child] : { ...child };
      owned.add(child);
      if (Array.isArray(container)) container[indexIn(container, key, 0)] = child;
      else setKey(container, key, child);
    }
    container = child;
    key = part;
  }
  return { container, key };
}

function valueAt(root: { '': unknown }, path: string): unknown {
  return path === '' ? root[''] : get(place(root, path, undefined));
}

function get({ container, key }: Place): unknown {
  return Array.isArray(container) ? container[indexIn(container, key, 0)] : getKey(container, key);
}

function add({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) setKey(container, key, value);
  else if (key === '-') container.push(value);
  else container.splice(indexIn(container, key, 1), 0, value);
}

function remove({ container, key }: Place): void {
  if (Array.isArray(container)) {
    container.splice(indexIn(container, key, 0), 1);
    return;
  }
  if (!Object.hasOwn(container, key)) throw new PatchError(422, `Unable to remove nonexistent key: ${key}`);
  delete container[key];
}

/** `beyond` 1 allows the place behind the last item. */
function indexIn(list: unknown[], key: string, beyond: 0 | 1): number {
  if (!/^[+-]?\d+$/.test(key)) throw new PatchError(422, `value was not a proper array index: '${key}'`);
  const size = list.length + beyond;
  const index = Number(key) < 0 ? Number(key) + size : Number(key);
  if (index < 0 || index >= size) throw new PatchError(422, `Unable to access invalid index: ${key}`);
  return index;
}

function missing(path: string): PatchError {
  return new PatchError(422, `the operation does not apply: doc is missing path: ${path}`);
}
