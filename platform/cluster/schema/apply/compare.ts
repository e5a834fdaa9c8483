// Compares two values of one type field by field: what was added, removed, modified. After structured-merge-diff's typed package.
import { equalValues, isObject, type JsonObject } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';
import { FieldSet, FieldSetBuilder, leaf } from './field-set.ts';
import { fieldElement, fieldOf, isAssociative, itemElement } from './path-element.ts';
import { formOf, type NodeForm } from './typed-value.ts';

export class Comparison {
  readonly added: FieldSet;
  readonly removed: FieldSet;
  readonly modified: FieldSet;

  constructor(added: FieldSet, removed: FieldSet, modified: FieldSet) {
    this.added = added;
    this.removed = removed;
    this.modified = modified;
  }

  /** Leaves out fields that this write may not change. */
  without(fields: FieldSet): Comparison {
    return fields.isEmpty
      ? this
      : new Comparison(this.added.without(fields), this.removed.without(fields), this.modified.without(fields));
  }
}

/** Both values fit the schema, or what does not is passed over. `undefined` stands for an absent value. */
export function compareValues(schema: TypeSchema, left: unknown, right: unknown): Comparison {
  const walk = new Walk();
  walk.compare(schema, left, right);
  return new Comparison(walk.added.build(), walk.removed.build(), walk.modified.build());
}

class Walk {
  readonly added = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly #path: string[] = [];

  compare(schema: TypeSchema, left: unknown, right: unknown): void {
    if (left === right) return;
    if (left === undefined) {
      this.added.insertSet(this.#path, wholeSet(schema, right));
      return;
    }
    if (right === undefined) {
      this.removed.insertSet(this.#path, wholeSet(schema, left));
      return;
    }
    const leftForm = formOf(schema, left);
    const rightForm = formOf(schema, right);
    if (leftForm !== rightForm) this.#node(leftForm, schema, left, right);
    this.#node(rightForm, schema, left, right);
  }

  #node(form: NodeForm, schema: TypeSchema, left: unknown, right: unknown): void {
    if (form === 'scalar') {
      this.#leaf(left, right);
    } else if (form === 'list') {
      const before = Array.isArray(left) ? left : [];
      const after = Array.isArray(right) ? right : [];
      if (!isAssociative(schema) || (before.length === 0 && after.length === 0)) this.#leaf(left, right);
      else if (schema.items) this.#items(schema, schema.items, before, after);
    } else {
      const before = isObject(left) ? left : {};
      const after = isObject(right) ? right : {};
      if (schema.atomicMap || (isEmpty(before) && isEmpty(after))) this.#leaf(left, right);
      else this.#fields(schema, before, after);
    }
  }

  #leaf(left: unknown, right: unknown): void {
    if (!equalValues(left, right)) this.modified.insert(this.#path);
  }

  #fields(schema: TypeSchema, before: JsonObject, after: JsonObject): void {
    for (const key of Object.keys(before))
      this.#field(schema, key, before[key], Object.hasOwn(after, key) ? after[key] : undefined);
    for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) this.#field(schema, key, undefined, after[key]);
  }

  #field(schema: TypeSchema, key: string, left: unknown, right: unknown): void {
    if (left === right) return;
    const child = fieldOf(schema, key);
    if (child) this.#descend(fieldElement(key), child, left, right);
  }

  #items(list: TypeSchema, items: TypeSchema, before: unknown[], after: unknown[]): void {
    const left = byElement(list, before);
    const right = byElement(list, after);
    for (const element of new Set([...left.keys(), ...right.keys()])) {
      const ours = left.get(element) ?? [];
      const theirs = right.get(element) ?? [];
      if (ours.length <= 1 && theirs.length <= 1) {
        this.#descend(element, items, ours[0], theirs[0]);
      } else if (ours.length >= 2 && theirs.length >= 2) {
        if (!equalValues(ours, theirs)) this.modified.insert([...this.#path, element]);
      } else if (ours.length >= 2) {
        if (theirs.length > 0) this.#descend(element, items, undefined, theirs[0]);
        this.removed.insert([...this.#path, element]);
      } else {
        if (ours.length > 0) this.#descend(element, items, ours[0], undefined);
        this.added.insert([...this.#path, element]);
      }
    }
  }

  #descend(element: string, schema: TypeSchema, left: unknown, right: unknown): void {
    this.#path.push(element);
    this.compare(schema, left, right);
    this.#path.pop();
  }
}

function isEmpty(object: JsonObject): boolean {
  for (const _ in object) return false;
  return true;
}

/** All fields of a value that the other side does not have at all: every node on the way counts. */
function wholeSet(schema: TypeSchema, value: unknown): FieldSet {
  const form = formOf(schema, value);
  if (form === 'scalar' || typeof value !== 'object' || value === null) return leaf;
  const children = new Map<string, FieldSet>();
  if (Array.isArray(value)) {
    const { items } = schema;
    if (!items || !isAssociative(schema)) return leaf;
    for (const item of value) {
      const found = itemElement(schema, item);
      if ('problem' in found) continue;
      children.set(found.element, children.has(found.element) ? leaf : wholeSet(items, item));
    }
  } else {
    if (schema.atomicMap) return leaf;
    const object = value as JsonObject;
    for (const key of Object.keys(object)) {
      const child = object[key] === undefined ? undefined : fieldOf(schema, key);
      if (child) children.set(fieldElement(key), wholeSet(child, object[key]));
    }
  }
  return children.size === 0 ? leaf : new FieldSet(true, children);
}

function byElement(list: TypeSchema, items: unknown[]): Map<string, unknown[]> {
  const found = new Map<string, unknown[]>();
  for (const item of items) {
    const element = itemElement(list, item);
    if ('problem' in element) continue;
    const same = found.get(element.element);
    if (same) same.push(item);
    else found.set(element.element, [item]);
  }
  return found;
}
