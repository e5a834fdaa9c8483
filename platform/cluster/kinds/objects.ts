// Typed but unsuspecting access to decoded objects: the published types of each kind with everything optional, since clients may leave out anything.
import { isDeepStrictEqual } from 'node:util';
import type { ObjectMeta } from '../../kube/index.ts';
import type { KindObject } from './strategy.ts';

/** A type of the Kubernetes client as it may really arrive: any field may be missing, times are text. */
export type Loose<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Loose<Item>[]
    : T extends object
      ? string extends keyof T
        ? T
        : { [Key in keyof T]?: Loose<T[Key]> }
      : T;

export type Fields = Record<string, unknown>;

export const metaOf = (obj: { metadata?: unknown }): ObjectMeta => (obj.metadata ?? {}) as ObjectMeta;

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Equality as the API server's semantic equality: absent, null, empty list and empty map are the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutEmpty(a), withoutEmpty(b));
}

function withoutEmpty(value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(withoutEmpty);
  if (!isObject(value)) return value;
  const out: Fields = {};
  for (const key of Object.keys(value).sort()) {
    const kept = withoutEmpty(value[key]);
    if (kept !== undefined) out[key] = kept;
  }
  return Object.keys(out).length === 0 ? undefined : out;
}

function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value as object).some(holdsNull);
}

function nullsDropped(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(item => item !== null).map(nullsDropped);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, one]) => (one === null ? [] : [[key, nullsDropped(one)]])));
}

/** The object without its null fields, as rules see it; the object itself when it has none. */
export const withoutNulls = <T>(value: T): T => (holdsNull(value) ? (nullsDropped(value) as T) : value);

/** Gives `target[key]` the value when it is absent or null. */
export function setDefault<T extends object, K extends keyof T>(target: T, key: K, value: NonNullable<T[K]>): void {
  if (target[key] === undefined || target[key] === null) target[key] = value;
}

/** Gives `target[key]` the value when it is absent, null, empty, zero or false: what Go sees as the zero value of a plain field. */
export function setDefaultIfZero<T extends object, K extends keyof T>(target: T, key: K, value: NonNullable<T[K]>): void {
  if (!target[key]) target[key] = value;
}

/** The object under `key`, made when it is not there. */
export function ensure<T extends object, K extends keyof T>(target: T, key: K): NonNullable<T[K]> {
  if (!isObject(target[key])) target[key] = {} as T[K];
  return target[key] as NonNullable<T[K]>;
}

export const clone = <T>(value: T): T => structuredClone(value);

/** A map with its keys sorted, as Go prints maps. */
export function sortedMap<V>(map: Record<string, V> | undefined): Record<string, V> | undefined {
  if (!map) return undefined;
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** The named field of `next` comes back from `previous`, absent when it was absent. */
export function restore(next: KindObject, previous: KindObject, ...fields: string[]): void {
  for (const field of fields) {
    if (previous[field] === undefined) delete next[field];
    else next[field] = clone(previous[field]);
  }
}

type KeptMetadata = 'labels' | 'annotations' | 'finalizers' | 'ownerReferences';

/** Brings fields of the metadata back from `previous`, all four by default: what a status update of some kinds may not touch. */
export function keepMetadata(next: { metadata?: unknown }, previous: { metadata?: unknown }, ...fields: KeptMetadata[]): void {
  const target = metaOf(next) as Fields;
  const source = metaOf(previous) as Fields;
  for (const field of fields.length > 0 ? fields : ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    if (source[field] === undefined) delete target[field];
    else target[field] = clone(source[field]);
  }
}
