// The keywords about a single value: lengths, patterns, ranges, sizes.
import type { FieldError } from '../errors.ts';
import { isObject, type JsonObject } from '../json-values.ts';

interface At<T> {
  value: T;
  path: string;
}

export function stringErrors(
  { minLength, maxLength, pattern }: JsonObject,
  { value, path }: At<string>,
  errors: FieldError[],
): void {
  const length = typeof minLength === 'number' || typeof maxLength === 'number' ? [...value].length : 0;
  if (typeof maxLength === 'number' && length > maxLength) {
    errors.push({ type: 'Too long', field: path, badValue: value, detail: `may not be more than ${maxLength} bytes` });
  }
  if (typeof minLength === 'number' && length < minLength) {
    errors.push(invalid(path, value, `should be at least ${minLength} chars long`));
  }
  if (typeof pattern === 'string' && !expressionOf(pattern).test(value))
    errors.push(invalid(path, value, `should match '${pattern}'`));
}

export function numberErrors(keywords: JsonObject, { value, path }: At<number>, errors: FieldError[]): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = keywords;
  if (typeof multipleOf === 'number' && multipleOf > 0 && !Number.isInteger(roundedQuotient(value, multipleOf))) {
    errors.push(invalid(path, value, `should be a multiple of ${multipleOf}`));
  }
  if (typeof maximum === 'number' && (exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    errors.push(invalid(path, value, `should be less than ${exclusiveMaximum === true ? '' : 'or equal to '}${maximum}`));
  }
  if (typeof minimum === 'number' && (exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    errors.push(invalid(path, value, `should be greater than ${exclusiveMinimum === true ? '' : 'or equal to '}${minimum}`));
  }
}

/** minItems, maxItems, minProperties, maxProperties. */
export function sizeErrors(keywords: JsonObject, { value, path }: At<unknown>, errors: FieldError[]): void {
  const [size, min, max, unit] = Array.isArray(value)
    ? ([value.length, keywords.minItems, keywords.maxItems, 'items'] as const)
    : isObject(value)
      ? ([Object.keys(value).length, keywords.minProperties, keywords.maxProperties, 'properties'] as const)
      : ([0, undefined, undefined, ''] as const);
  if (typeof max === 'number' && size > max) {
    errors.push({ type: 'Too many', field: path, badValue: size, detail: `must have at most ${max} items` });
  }
  if (typeof min === 'number' && size < min) errors.push(invalid(path, size, `should have at least ${min} ${unit}`));
}

function invalid(path: string, badValue: unknown, text: string): FieldError {
  return { type: 'Invalid value', field: path, badValue, detail: `${path} in body ${text}` };
}

/** Without the noise of binary fractions: 0.3 is a multiple of 0.1. */
function roundedQuotient(value: number, divisor: number): number {
  const quotient = value / divisor;
  const rounded = Math.round(quotient);
  return Math.abs(quotient - rounded) < 1e-9 * Math.max(1, Math.abs(quotient)) ? rounded : quotient;
}

const expressions = new Map<string, RegExp>();
const maxExpressions = 1000;

/** Go's expressions are close enough to JavaScript's; one that only Go reads lets everything pass. */
function expressionOf(pattern: string): RegExp {
  let expression = expressions.get(pattern);
  if (!expression) {
    const [, flags = '', source = ''] = /^(?:\(\?([is]+)\))?([\s\S]*)$/.exec(pattern) ?? [];
    expression = compiled(source, `${flags}u`) ?? compiled(source, flags) ?? /(?:)/;
    if (expressions.size >= maxExpressions) expressions.clear();
    expressions.set(pattern, expression);
  }
  return expression;
}

function compiled(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source.replaceAll('\\z', '$').replaceAll('\\A', '^').replaceAll('(?P<', '(?<'), flags);
  } catch {
    return undefined;
  }
}
