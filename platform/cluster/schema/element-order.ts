// The order of a list after a strategic merge: the patch's items in the patch's order, the server's own among them as they stood.
import { isObject } from './json-values.ts';

interface Orders {
  /** Items in the order that the patch wants. */
  order: readonly unknown[];
  /** Items in the order of the live object. */
  live: readonly unknown[];
  mergeKey: string | undefined;
}

/** Sorts merged items as strategicpatch's normalizeElementOrder does. */
export function inElementOrder(merged: readonly unknown[], { order, live, mergeKey }: Orders): unknown[] {
  const identity = (item: unknown) => (mergeKey && isObject(item) ? item[mergeKey] : item);
  const wanted = positions(order.map(identity));
  const standing = positions(live.map(identity));
  const ours: unknown[] = [];
  const servers: unknown[] = [];
  for (const item of merged) (wanted.has(identity(item)) ? ours : servers).push(item);
  sortBy(ours, item => wanted.get(identity(item)) ?? -1);
  sortBy(servers, item => standing.get(identity(item)) ?? -1);
  const result: unknown[] = [];
  let next = 0;
  for (const item of ours) {
    const place = standing.get(identity(item));
    while (
      next < servers.length &&
      place !== undefined &&
      (standing.get(identity(servers[next])) ?? Number.POSITIVE_INFINITY) < place
    ) {
      result.push(servers[next]);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...servers.slice(next)];
}

function positions(identities: readonly unknown[]): Map<unknown, number> {
  const result = new Map<unknown, number>();
  for (const [index, identity] of identities.entries()) if (!result.has(identity)) result.set(identity, index);
  return result;
}

function sortBy(items: unknown[], position: (item: unknown) => number): void {
  items.sort((left, right) => position(left) - position(right));
}
