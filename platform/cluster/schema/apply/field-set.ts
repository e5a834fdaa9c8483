// A set of field paths as a tree, in the form that fieldsV1 writes: every key is a serialized path element
// (`f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`). Sets are immutable once built. After structured-merge-diff's fieldpath package.
import { isObject, type JsonObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';
import { elementSchema } from './path-element.ts';

const noChildren: ReadonlyMap<string, FieldSet> = new Map();

export class FieldSet {
  /** Whether the path of this node itself is in the set. */
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
  /** The fieldsV1 that the set was read from. */
  source: JsonObject | undefined = undefined;

  constructor(member: boolean, children: ReadonlyMap<string, FieldSet> = noChildren) {
    this.member = member;
    this.children = children;
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0;
  }

  has(path: readonly string[]): boolean {
    let node: FieldSet | undefined = this;
    for (const element of path) node = node?.children.get(element);
    return node?.member ?? false;
  }

  union(other: FieldSet): FieldSet {
    if (other === this || other.isEmpty) return this;
    if (this.isEmpty) return other;
    const children = new Map(this.children);
    for (const [key, theirs] of other.children) {
      const ours = children.get(key);
      children.set(key, ours ? ours.union(theirs) : theirs);
    }
    return new FieldSet(this.member || other.member, children);
  }

  intersection(other: FieldSet): FieldSet {
    if (other === this) return this;
    const children = new Map<string, FieldSet>();
    const [small, large] = this.children.size <= other.children.size ? [this, other] : [other, this];
    for (const [key, node] of small.children) {
      const match = large.children.get(key);
      const both = match && node.intersection(match);
      if (both && !both.isEmpty) children.set(key, both);
    }
    return new FieldSet(this.member && other.member, children);
  }

  difference(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    const children = new Map<string, FieldSet>();
    for (const [key, node] of this.children) {
      const theirs = other.children.get(key);
      const rest = theirs ? node.difference(theirs) : node;
      if (!rest.isEmpty) children.set(key, rest);
    }
    return new FieldSet(this.member && !other.member, children);
  }

  /** As `difference`, but a path in `other` takes everything below it away too. */
  without(other: FieldSet): FieldSet {
    if (other.isEmpty) return this;
    const children = new Map<string, FieldSet>();
    for (const [key, node] of this.children) {
      const theirs = other.children.get(key);
      if (theirs?.member) continue;
      const rest = theirs ? node.without(theirs) : node;
      if (!rest.isEmpty) children.set(key, rest);
    }
    return new FieldSet(this.member, children);
  }

  contains(other: FieldSet): boolean {
    if (other === this) return true;
    if (other.member && !this.member) return false;
    for (const [key, theirs] of other.children) {
      const ours = this.children.get(key);
      if (!ours?.contains(theirs)) return false;
    }
    return true;
  }

  equals(other: FieldSet): boolean {
    if (other === this) return true;
    if (this.member !== other.member || this.children.size !== other.children.size) return false;
    for (const [key, node] of this.children) {
      const theirs = other.children.get(key);
      if (!theirs || !node.equals(theirs)) return false;
    }
    return true;
  }

  /** Struct fields on the way to a member become members: they may be removed as a whole. */
  withNamedFields(schema: TypeSchema | undefined): FieldSet {
    if (this.children.size === 0) return this;
    const children = new Map<string, FieldSet>();
    for (const [key, node] of this.children) {
      const child = node.withNamedFields(schema && elementSchema(schema, key));
      const named = child.children.size > 0 && key.startsWith('f:') && schema?.properties.has(key.slice(2)) === true;
      children.set(key, named && !child.member ? new FieldSet(true, child.children) : child);
    }
    return new FieldSet(this.member, children);
  }

  /** The paths of all members, those of a node before those below its children, each list sorted. */
  *paths(prefix: readonly string[] = []): Generator<readonly string[]> {
    const keys = sortedKeys(this.children);
    for (const key of keys) if (this.children.get(key)?.member) yield [...prefix, key];
    for (const key of keys) {
      const child = this.children.get(key);
      if (child) yield* child.paths([...prefix, key]);
    }
  }
}

export const emptySet = new FieldSet(false);

/** Collects paths into a set. */
export class FieldSetBuilder {
  #member = false;
  #whole: FieldSet | undefined;
  readonly #children = new Map<string, FieldSetBuilder>();

  insert(path: readonly string[]): void {
    this.#at(path).#member = true;
  }

  /** Puts a set in at a path that has not been walked below. */
  insertSet(path: readonly string[], set: FieldSet): void {
    this.#at(path).#whole = set;
  }

  build(): FieldSet {
    if (this.#whole) return this.#member && !this.#whole.member ? new FieldSet(true, this.#whole.children) : this.#whole;
    if (this.#children.size === 0) return this.#member ? leaf : emptySet;
    const children = new Map<string, FieldSet>();
    for (const [key, child] of this.#children) children.set(key, child.build());
    return new FieldSet(this.#member, children);
  }

  #at(path: readonly string[]): FieldSetBuilder {
    let node: FieldSetBuilder = this;
    for (const element of path) {
      let next = node.#children.get(element);
      if (!next) {
        next = new FieldSetBuilder();
        node.#children.set(element, next);
      }
      node = next;
    }
    return node;
  }
}

export const leaf = new FieldSet(true);

/** Reads fieldsV1. */
export function setFromFieldsV1(fields: unknown): FieldSet {
  if (!isObject(fields)) return emptySet;
  const set = readNode(fields, false);
  set.source = fields;
  return set;
}

/** Writes fieldsV1, keys in the real server's order; a set that was read gives back what it was read from. */
export function fieldsV1Of(set: FieldSet): JsonObject {
  return set.source ?? writeNode(set);
}

function readNode(fields: JsonObject, member: boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  let self = member;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (key === '.') self = true;
    else if (isObject(value))
      children.set(canonicalElement(key), Object.keys(value).length === 0 ? leaf : readNode(value, false));
  }
  return new FieldSet(self, children);
}

function writeNode(set: FieldSet): JsonObject {
  const fields: JsonObject = {};
  if (set.children.size === 0) return fields;
  if (set.member) fields['.'] = {};
  for (const key of sortedKeys(set.children)) {
    const child = set.children.get(key);
    if (child) fields[key] = writeNode(child);
  }
  return fields;
}

/** Clients may write the fields of a key in any order. */
function canonicalElement(element: string): string {
  if (!element.startsWith('k:') || !element.includes(',')) return element;
  try {
    const key: unknown = JSON.parse(element.slice(2));
    return isObject(key)
      ? `k:${JSON.stringify(Object.fromEntries(Object.entries(key).sort(([left], [right]) => (left < right ? -1 : 1))))}`
      : element;
  } catch {
    return element;
  }
}

const ranks: Record<string, number> = { f: 0, k: 1, v: 2, i: 3 };

function sortedKeys(children: ReadonlyMap<string, FieldSet>): string[] {
  const keys = [...children.keys()];
  return keys.length < 2
    ? keys
    : keys.sort((left, right) => (ranks[left[0] ?? ''] ?? 4) - (ranks[right[0] ?? ''] ?? 4) || (left < right ? -1 : 1));
}
