// Evaluates expressions as GitHub Actions does: loose equality, case-insensitive strings, missing properties are empty.
// Behaviour after docs.github.com, "Evaluate expressions in workflows and actions".
import { type Expression, parseExpression } from './syntax.ts';

export interface Scope {
  /** github, env, steps, needs, job, runner, secrets, vars. */
  contexts: Record<string, unknown>;
  /** The state that success(), failure(), cancelled() report. */
  status: 'success' | 'failure' | 'cancelled' | 'skipped';
}

function toNumber(value: unknown): number {
  if (value === null || value === undefined || value === '') return 0;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;
}

export function toText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? (Array.isArray(value) ? 'Array' : 'Object') : String(value);
}

export function isTruthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '' && !Number.isNaN(value);
}

function looselyEqual(left: unknown, right: unknown): boolean {
  if (typeof left === 'string' && typeof right === 'string') return left.toLowerCase() === right.toLowerCase();
  if (typeof left === 'object' && left !== null) return left === right;
  if ((left ?? null) === null && (right ?? null) === null) return true;
  return toNumber(left) === toNumber(right);
}

function property(of: unknown, by: unknown): unknown {
  if (typeof of !== 'object' || of === null) return undefined;
  if (Array.isArray(of)) return of[toNumber(by)];
  const wanted = toText(by);
  if (Object.hasOwn(of, wanted)) return (of as Record<string, unknown>)[wanted];
  return Object.entries(of).find(([key]) => key.toLowerCase() === wanted.toLowerCase())?.[1];
}

function call(name: string, args: unknown[], { status }: Scope): unknown {
  const [first, second] = args;
  const lower = (value: unknown) => toText(value).toLowerCase();
  switch (name) {
    case 'success':
    case 'failure':
    case 'cancelled':
      return status === name;
    case 'always':
      return true;
    case 'contains':
      return Array.isArray(first) ? first.some(item => looselyEqual(item, second)) : lower(first).includes(lower(second));
    case 'startswith':
      return lower(first).startsWith(lower(second));
    case 'endswith':
      return lower(first).endsWith(lower(second));
    case 'format':
      return toText(first).replace(/\{\{|\}\}|\{(\d+)\}/g, (match, index?: string) =>
        index === undefined ? match.slice(1) : toText(args[Number(index) + 1]),
      );
    case 'join':
      return Array.isArray(first) ? first.map(toText).join(args.length > 1 ? toText(second) : ',') : toText(first);
    case 'tojson':
      return JSON.stringify(first ?? null, null, 2);
    default:
      return JSON.parse(toText(first));
  }
}

/** @throws SyntaxError from fromJSON() with text that is no JSON. */
export function evaluate(tree: Expression, scope: Scope): unknown {
  switch (tree.kind) {
    case 'literal':
      return tree.value;
    case 'context':
      return scope.contexts[tree.name];
    case 'index':
      return property(evaluate(tree.of, scope), evaluate(tree.by, scope));
    case 'not':
      return !isTruthy(evaluate(tree.of, scope));
    case 'call':
      return call(
        tree.name,
        tree.args.map(arg => evaluate(arg, scope)),
        scope,
      );
    case 'binary': {
      const left = evaluate(tree.left, scope);
      if (tree.operator === '||') return isTruthy(left) ? left : evaluate(tree.right, scope);
      if (tree.operator === '&&') return isTruthy(left) ? evaluate(tree.right, scope) : left;
      return compare(tree.operator, left, evaluate(tree.right, scope));
    }
  }
}

function compare(operator: '==' | '!=' | '<' | '<=' | '>' | '>=', left: unknown, right: unknown): boolean {
  if (operator === '==') return looselyEqual(left, right);
  if (operator === '!=') return !looselyEqual(left, right);
  const texts = typeof left === 'string' && typeof right === 'string';
  const a = texts ? left.toLowerCase() : toNumber(left);
  const b = texts ? right.toLowerCase() : toNumber(right);
  if (operator === '<') return a < b;
  if (operator === '<=') return a <= b;
  return operator === '>' ? a > b : a >= b;
}

/** The ends of each `${{ … }}` in a text; a `}}` inside a quoted string does not end one. */
function templates(text: string): { start: number; end: number; source: string }[] {
  const found: { start: number; end: number; source: string }[] = [];
  const pattern = /\$\{\{((?:'(?:[^']|'')*'|(?!\}\})[^'])*)\}\}/g;
  for (const match of text.matchAll(pattern)) {
    found.push({ start: match.index, end: match.index + match[0].length, source: match[1] ?? '' });
  }
  return found;
}

/** Replaces each `${{ … }}` in a text by its value as text. @throws SyntaxError */
export function interpolate(text: string, scope: Scope): string {
  let result = '';
  let from = 0;
  for (const { start, end, source } of templates(text)) {
    result += text.slice(from, start) + toText(evaluate(parseExpression(source), scope));
    from = end;
  }
  return result + text.slice(from);
}

/** Parses every expression in a text without evaluating it. @throws SyntaxError */
export function checkTemplates(text: string): void {
  const found = templates(text);
  if (found.length < (text.match(/\$\{\{/g) ?? []).length) throw new SyntaxError('an expression "${{" has no end "}}"');
  for (const { source } of found) parseExpression(source);
}

/** The expression of an `if`, with or without its braces. */
export function conditionSource(text: string): string {
  const trimmed = text.trim();
  const [only] = templates(trimmed);
  return only && only.start === 0 && only.end === trimmed.length ? only.source : trimmed;
}
