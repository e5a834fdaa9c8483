// The difference between two specs as the API server prints it when it refuses an update: a unified diff of its internal Go structs.
import { goJson } from './go-structs.ts';

const CONTEXT = 3;
const POPULAR_FROM = 200;
interface Edit {
  sign: ' ' | '-' | '+';
  text: string;
}

/** Lines of `after` by text, without those too frequent to align by (difflib's automatic junk). */
function positions(after: readonly string[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const [index, line] of after.entries()) found.set(line, [...(found.get(line) ?? []), index]);
  if (after.length < POPULAR_FROM) return found;
  const limit = Math.floor(after.length / 100) + 1;
  for (const [line, at] of found) if (at.length > limit) found.delete(line);
  return found;
}

interface Block {
  left: number;
  right: number;
  size: number;
}

/** The equal runs of lines, as Python's difflib (whose Go port the API server uses) finds them: the longest first, then on both sides of it. */
function matchingBlocks(before: readonly string[], after: readonly string[]): Block[] {
  const at = positions(after);
  const longest = (leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): Block => {
    const best: Block = { left: leftFrom, right: rightFrom, size: 0 };
    let lengths = new Map<number, number>();
    for (let left = leftFrom; left < leftTo; left += 1) {
      const next = new Map<number, number>();
      for (const right of at.get(before[left] ?? '') ?? []) {
        if (right < rightFrom || right >= rightTo) continue;
        const size = (lengths.get(right - 1) ?? 0) + 1;
        next.set(right, size);
        if (size > best.size) Object.assign(best, { left: left - size + 1, right: right - size + 1, size });
      }
      lengths = next;
    }
    // Popular lines beside the run belong to it too.
    while (best.left > leftFrom && best.right > rightFrom && before[best.left - 1] === after[best.right - 1]) {
      best.left -= 1;
      best.right -= 1;
      best.size += 1;
    }
    while (
      best.left + best.size < leftTo &&
      best.right + best.size < rightTo &&
      before[best.left + best.size] === after[best.right + best.size]
    ) {
      best.size += 1;
    }
    return best;
  };
  const between = (leftFrom: number, leftTo: number, rightFrom: number, rightTo: number): Block[] => {
    const { left, right, size } = longest(leftFrom, leftTo, rightFrom, rightTo);
    if (size === 0) return [];
    return [
      ...between(leftFrom, left, rightFrom, right),
      { left, right, size },
      ...between(left + size, leftTo, right + size, rightTo),
    ];
  };
  return between(0, before.length, 0, after.length);
}

/** The edits that turn one list of lines into the other. */
function edits(before: string[], after: string[]): Edit[] {
  const out: Edit[] = [];
  let [left, right] = [0, 0];
  for (const block of [...matchingBlocks(before, after), { left: before.length, right: after.length, size: 0 }]) {
    out.push(...before.slice(left, block.left).map(text => ({ sign: '-' as const, text })));
    out.push(...after.slice(right, block.right).map(text => ({ sign: '+' as const, text })));
    out.push(...before.slice(block.left, block.left + block.size).map(text => ({ sign: ' ' as const, text })));
    left = block.left + block.size;
    right = block.right + block.size;
  }
  return out;
}

const range = (start: number, count: number): string =>
  count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`;

/** Hunks with three lines of context, without file headers. */
function unifiedDifference(before: string[], after: string[]): string {
  const all = edits(before, after);
  const changed = all.flatMap(({ sign }, index) => (sign === ' ' ? [] : [index]));
  let out = '';
  for (let next = 0; next < changed.length; ) {
    let last = next;
    while (last + 1 < changed.length && (changed[last + 1] ?? 0) - (changed[last] ?? 0) <= CONTEXT * 2) last += 1;
    const from = Math.max(0, (changed[next] ?? 0) - CONTEXT);
    const to = Math.min(all.length, (changed[last] ?? 0) + CONTEXT + 1);
    const hunk = all.slice(from, to);
    const lineOf = (sign: '-' | '+'): number =>
      all.slice(0, from).filter(edit => edit.sign !== (sign === '-' ? '+' : '-')).length + 1;
    const count = (sign: '-' | '+'): number => hunk.filter(edit => edit.sign !== (sign === '-' ? '+' : '-')).length;
    out += `@@ -${range(lineOf('-'), count('-'))} +${range(lineOf('+'), count('+'))} @@\n`;
    out += hunk.map(({ sign, text }) => `${sign}${text}\n`).join('');
    next = last + 1;
  }
  return out;
}

/** The difference from one value to another, both of the internal Go type of that name (see go-structs.ts). */
export function structDifference(type: string, stored: unknown, wanted: unknown): string {
  const lines = (value: unknown): string[] => JSON.stringify(goJson(type, value ?? {}), null, 1).split('\n');
  return unifiedDifference(lines(stored), lines(wanted));
}
