// Makers of field errors, one for each kind that apimachinery's field package knows.
import type { FieldError } from '../schema/index.ts';

export const invalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: 'Invalid value',
  field,
  badValue: badValue === undefined ? null : badValue,
  detail,
});
export const required = (field: string, detail = ''): FieldError => ({ type: 'Required value', field, detail });
export const forbidden = (field: string, detail: string): FieldError => ({ type: 'Forbidden', field, detail });
export const duplicate = (field: string, badValue: unknown): FieldError => ({
  type: 'Duplicate value',
  field,
  badValue,
  detail: '',
});
export const notFound = (field: string, badValue: unknown): FieldError => ({ type: 'Not found', field, badValue, detail: '' });
export const tooLong = (field: string, maxBytes: number): FieldError => ({
  type: 'Too long',
  field,
  detail: `may not be more than ${maxBytes} bytes`,
});
export const tooMany = (field: string, actual: number, max: number): FieldError => ({
  type: 'Too many',
  field,
  badValue: actual,
  detail: `must have at most ${max} item${max === 1 ? '' : 's'}`,
});
/** Values are listed as given; pass them sorted where the real server sorts. */
export const unsupported = (field: string, badValue: unknown, values: readonly string[]): FieldError => ({
  type: 'Unsupported value',
  field,
  badValue: badValue === undefined ? null : badValue,
  detail: `supported values: ${values.map(value => JSON.stringify(value)).join(', ')}`,
});

export const IMMUTABLE = 'field is immutable';
const NOT_NEGATIVE = 'must be greater than or equal to 0';

/** Checks that a number is not negative; absent is fine. */
export function nonNegative(value: number | undefined | null, field: string): FieldError[] {
  return typeof value === 'number' && value < 0 ? [invalid(field, value, NOT_NEGATIVE)] : [];
}

export const rangeMessage = (low: number, high: number): string => `must be between ${low} and ${high}, inclusive`;

/**
 * A bad value that prints as a Go struct: its fields in the order given, which error messages keep. Plain objects print
 * like Go maps, sorted by key. (Messages turn what is no object into text, so the value is a function that prints itself.)
 */
export function struct(value: object): unknown {
  const text = JSON.stringify(value).replace(
    /[<>&]/g,
    character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Object.assign(() => text, { toString: () => text });
}

/** An invalid value that is not shown. */
export const invalidWithoutValue = (field: string, detail: string): FieldError => ({
  type: 'Invalid value',
  field,
  badValue: Object.assign(() => detail, { toString: () => detail }),
  detail: '',
});
