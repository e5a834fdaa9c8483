// Words validation failures as k8s.io/apimachinery/pkg/util/validation/field does.
import type { FieldError, FieldErrorType } from './errors.ts';
import { goJson, goQuote } from './go-format.ts';
import { isObject } from './json-values.ts';

const reasons: Record<FieldErrorType, string> = {
  'Required value': 'FieldValueRequired',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  'Duplicate value': 'FieldValueDuplicate',
  'Too long': 'FieldValueTooLong',
  'Too many': 'FieldValueTooMany',
  'Not found': 'FieldValueNotFound',
  'Internal error': 'InternalError',
  Type: 'FieldValueTypeInvalid',
};

/** `spec.ports[0].port: Invalid value: 0: must be between 1 and 65535`, as in a Status's message. */
export function fieldErrorMessage(error: FieldError): string {
  return `${error.field}: ${errorBody(error)}`;
}

/** A cause of a Status's details: the same text without the field. */
export function toCause(error: FieldError): { reason: string; message: string; field: string } {
  return { reason: reasons[error.type], message: errorBody(error), field: error.field };
}

function errorBody({ type, badValue, detail }: FieldError): string {
  // The real server's type "Type" reads as an invalid value.
  const name = type === 'Type' ? 'Invalid value' : type;
  const withoutValue = type === 'Required value' || type === 'Forbidden' || type === 'Too long' || type === 'Internal error';
  const text = withoutValue || (type === 'Too many' && badValue === undefined) ? name : `${name}: ${shown(badValue)}`;
  return detail ? `${text}: ${detail}` : text;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (typeof value === 'string') return goQuote(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isObject(value) || Array.isArray(value) ? goJson(value) : String(value);
}
