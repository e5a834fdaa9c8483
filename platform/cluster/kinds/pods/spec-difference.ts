// The difference between two pod specs as the API server prints it when it refuses an update: a unified diff of its internal Go structs.
import { goJson } from './go-structs.ts';
import type { PodSpec } from './types.ts';

const CONTEXT = 3;
interface Edit {
  sign: ' ' | '-' | '+';
  text: string;
}

/** The edits from one list of lines to the other, by their longest common subsequence. */
function edits(before: string[], after: string[]): Edit[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const left = before.slice(start, before.length - end);
  const right = after.slice(start, after.length - end);
  const width = right.length + 1;
  const length = new Uint32Array((left.length + 1) * width);
  const at = (row: number, column: number): number => length[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      length[row * width + column] =
        left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const out: Edit[] = before.slice(0, start).map(text => ({ sign: ' ', text }));
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    if (row < left.length && column < right.length && left[row] === right[column]) {
      out.push({ sign: ' ', text: left[row] ?? '' });
      row += 1;
      column += 1;
    } else if (row < left.length && (column >= right.length || at(row + 1, column) >= at(row, column + 1))) {
      out.push({ sign: '-', text: left[row] ?? '' });
      row += 1;
    } else {
      out.push({ sign: '+', text: right[column] ?? '' });
      column += 1;
    }
  }
  out.push(...before.slice(before.length - end).map(text => ({ sign: ' ' as const, text })));
  return out;
}

const range = (start: number, count: number): string =>
  count === 1 ? `${start}` : `${count === 0 ? start - 1 : start},${count}`;

/** Hunks with three lines of context, without file headers. */
export function unifiedDifference(before: string[], after: string[]): string {
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

/** The difference from the stored spec to the wanted one. */
export function podSpecDifference(stored: PodSpec, wanted: PodSpec): string {
  const lines = (spec: PodSpec): string[] => JSON.stringify(goJson('PodSpec', spec), null, 1).split('\n');
  return unifiedDifference(lines(stored), lines(wanted));
}
