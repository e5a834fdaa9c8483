// Label selectors inside specs: their validation, their text form and whether they match, as metav1 has them.
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, required, struct } from '../field-errors.ts';
import { sortedMap } from '../objects.ts';
import { labelValue, qualifiedName } from './names.ts';
import { validateLabels } from './validate.ts';

export interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key?: string; operator?: string; values?: string[] }[];
}

export function validateSelector(selector: Selector | undefined, field: string): FieldError[] {
  if (!selector) return [];
  const errors = validateLabels(selector.matchLabels, `${field}.matchLabels`);
  for (const [index, requirement] of (selector.matchExpressions ?? []).entries()) {
    const path = `${field}.matchExpressions[${index}]`;
    switch (requirement.operator) {
      case 'In':
      case 'NotIn':
        if (!requirement.values?.length) {
          errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
        }
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (requirement.values?.length) {
          errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
        }
        break;
      default:
        errors.push(invalid(`${path}.operator`, requirement.operator ?? '', 'not a valid selector operator'));
    }
    errors.push(...qualifiedName(requirement.key ?? '').map(message => invalid(`${path}.key`, requirement.key ?? '', message)));
    for (const [at, value] of (requirement.values ?? []).entries()) {
      errors.push(...labelValue(value).map(message => invalid(`${path}.values[${at}]`, value, message)));
    }
  }
  return errors;
}

export const isEmptySelector = (selector: Selector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;

export function selectorMatches(selector: Selector, labels: Record<string, string> | undefined): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels ?? {}, key);
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => has(key) && labels?.[key] === value);
  return (
    equal &&
    (selector.matchExpressions ?? []).every(({ key = '', operator, values = [] }) => {
      if (operator === 'In') return has(key) && values.includes(labels?.[key] ?? '');
      if (operator === 'NotIn') return !has(key) || !values.includes(labels?.[key] ?? '');
      return operator === 'Exists' ? has(key) : !has(key);
    })
  );
}

/** The text form, requirements sorted by key: `a=b,c in (d,e)`. */
export function selectorText(selector: Selector | undefined): string {
  if (!selector) return '';
  const requirements = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }));
  for (const { key = '', operator, values = [] } of selector.matchExpressions ?? []) {
    const list = `(${[...values].sort().join(',')})`;
    const text =
      operator === 'In'
        ? `${key} in ${list}`
        : operator === 'NotIn'
          ? `${key} notin ${list}`
          : operator === 'Exists'
            ? key
            : `!${key}`;
    requirements.push({ key, text });
  }
  return requirements
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',');
}

/** The fields of a selector in Go's order, keys of its map sorted; for bad values that hold one. */
export function selectorFields(selector: Selector): object {
  return {
    ...(selector.matchLabels ? { matchLabels: sortedMap(selector.matchLabels) } : {}),
    ...(selector.matchExpressions
      ? {
          matchExpressions: selector.matchExpressions.map(({ key, operator, values }) => ({
            key,
            operator,
            ...(values?.length ? { values } : {}),
          })),
        }
      : {}),
  };
}

/** The selector as a bad value by itself. */
export const shownSelector = (selector: Selector | undefined): unknown => (selector ? struct(selectorFields(selector)) : null);
