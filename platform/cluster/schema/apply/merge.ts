// Merges an applied value into a live one, and removes fields from a value. After structured-merge-diff's typed package.
import { isObject, type JsonObject, setKey } from '../json-values.ts';
import type { TypeSchema } from '../type-schema.ts';
import type { FieldSet } from './field-set.ts';
import { fieldElement, fieldOf, isAssociative, itemElement } from './path-element.ts';
import { formOf } from './typed-value.ts';

/** The live value with everything that the applied one sets; lists with keys in the applied order. Shares structure with both. */
export function mergeValues(schema: TypeSchema, live: unknown, applied: unknown): unknown {
  if (applied === undefined || live === applied) return live;
  if (live === undefined) return applied;
  const form = formOf(schema, applied);
  if (form === 'scalar' || formOf(schema, live) !== form) return applied;
  if (form === 'list') {
    const ours = Array.isArray(live) ? live : [];
    const theirs = Array.isArray(applied) ? applied : [];
    if (!isAssociative(schema) || (ours.length === 0 && theirs.length === 0)) return applied;
    return mergeItems(schema, ours, theirs);
  }
  const ours = isObject(live) ? live : {};
  const theirs = isObject(applied) ? applied : {};
  if (schema.atomicMap || (Object.keys(ours).length === 0 && Object.keys(theirs).length === 0)) return applied;
  const merged: JsonObject = { ...ours };
  for (const key of Object.keys(theirs)) {
    const child = fieldOf(schema, key);
    if (child) setKey(merged, key, mergeValues(child, Object.hasOwn(ours, key) ? ours[key] : undefined, theirs[key]));
  }
  return merged;
}

interface Keyed {
  order: string[];
  values: Map<string, unknown>;
}

function keyed(list: TypeSchema, items: unknown[]): Keyed & { items: [string, unknown][] } {
  const result: Keyed & { items: [string, unknown][] } = { order: [], values: new Map(), items: [] };
  for (const item of items) {
    const found = itemElement(list, item);
    if ('problem' in found) continue;
    // Of duplicates none is the one to merge with.
    result.values.set(found.element, result.values.has(found.element) ? undefined : item);
    result.order.push(found.element);
    result.items.push([found.element, item]);
  }
  return result;
}

/** Interleaves both lists: applied items in their order, live items that are not applied kept between their neighbours. */
function mergeItems(list: TypeSchema, live: unknown[], applied: unknown[]): unknown[] {
  const ours = keyed(list, live);
  const theirs = keyed(list, applied);
  const shared = theirs.order.filter(element => ours.values.has(element));
  const done = new Set<string>();
  const merged: unknown[] = [];
  const items = list.items;
  const take = (element: string) => {
    done.add(element);
    const value = theirs.values.get(element);
    merged.push(items ? mergeValues(items, ours.values.get(element), value) : value);
  };
  let nextShared = shared.shift();
  let left = 0;
  let right = 0;
  while (left < ours.order.length || right < theirs.order.length) {
    const mine = ours.order[left];
    const their = theirs.order[right];
    if (mine !== undefined && their !== undefined) {
      if (mine === their) {
        take(mine);
        left += 1;
        right += 1;
        nextShared = shared.shift();
        continue;
      }
      if (theirs.values.has(mine) && nextShared !== undefined && nextShared !== mine) {
        left += 1;
        continue;
      }
    }
    if (mine !== undefined) {
      if (!theirs.values.has(mine)) {
        merged.push(ours.items[left]?.[1]);
        left += 1;
        continue;
      }
      if (done.has(mine)) left += 1;
    }
    if (their !== undefined) {
      take(their);
      right += 1;
      if (nextShared === their) nextShared = shared.shift();
    }
  }
  return merged;
}

/** The value without the fields of a set; a map or list that loses everything becomes null. */
export function removeFields(schema: TypeSchema, value: unknown, fields: FieldSet): unknown {
  if (fields.children.size === 0) return value;
  const form = formOf(schema, value);
  if (form === 'scalar') return value;
  if (form === 'list') {
    if (!Array.isArray(value) || !isAssociative(schema)) return null;
    const kept: unknown[] = [];
    for (const item of value) {
      const found = itemElement(schema, item);
      const node = 'element' in found ? fields.children.get(found.element) : undefined;
      if (node?.member) continue;
      kept.push(node && schema.items ? removeFields(schema.items, item, node) : item);
    }
    return kept.length > 0 ? kept : null;
  }
  if (!isObject(value) || schema.atomicMap) return null;
  const kept: JsonObject = {};
  for (const key of Object.keys(value)) {
    const node = fields.children.get(fieldElement(key));
    if (node?.member) continue;
    const child = node && fieldOf(schema, key);
    setKey(kept, key, node && child ? removeFields(child, value[key], node) : value[key]);
  }
  return Object.keys(kept).length > 0 ? kept : null;
}
