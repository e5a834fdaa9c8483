// Fields that take a number or a percentage: surge, unavailability, disruption budgets.
import type { FieldError } from '../../schema/index.ts';
import { invalid, nonNegative } from '../field-errors.ts';
import { percent } from '../meta/names.ts';

type IntOrPercent = number | string | object | undefined | null;

/** A number that is not negative, or a percentage. */
export function validateIntOrPercent(value: IntOrPercent, field: string): FieldError[] {
  if (typeof value === 'string') return percent(value).length > 0 ? [invalid(field, value, percent(value)[0] ?? '')] : [];
  return nonNegative(typeof value === 'number' ? value : 0, field);
}

export function validateAtMostHundredPercent(value: IntOrPercent, field: string): FieldError[] {
  const match = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null;
  return match && Number(match[1]) > 100 ? [invalid(field, value, 'must not be greater than 100%')] : [];
}

/** Whether the value is 0 or 0%. */
export const isZero = (value: IntOrPercent): boolean =>
  value === 0 || value === undefined || value === null || value === '0%' || /^0+%$/.test(String(value));
