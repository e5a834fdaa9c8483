// Selectors and quantities: recorded error texts and the laws of matching, comparing and writing.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  labelSelectorFrom,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  parseQuantity,
  quantityValue,
  subtractQuantity,
} from './index.ts';

describe('label selectors', () => {
  it.each([
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['in (a)', "unable to parse requirement: found '(', expected: in, notin, =, ==, !=, gt, lt"],
    ['bad key=x', "unable to parse requirement: found 'key', expected: in, notin, =, ==, !=, gt, lt"],
    ['n in', "unable to parse requirement: found '' expected: '('"],
    ['n=not valid!', "found 'valid', expected: ',' or 'end of string'"],
    ['a=1,', "found '', expected: identifier after ','"],
  ])('refuse %j', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(message);
  });

  it.each([
    ['', { a: '1' }, true],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a=1,b!=2', { a: '1' }, true],
    ['a in (1, 2)', { a: '2' }, true],
    ['a notin (1,2)', {}, true],
    ['a in ()', { a: '' }, true],
    ['n>2', { n: '3' }, true],
    ['n<2', { n: 'x' }, false],
  ])('%j of %j is %s', (text, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels as Record<string, string>)).toBe(expected);
  });

  it('of an object match what they select, an absent one nothing', () => {
    const selector = labelSelectorFrom({
      matchLabels: { a: '1' },
      matchExpressions: [{ key: 'b', operator: 'NotIn', values: ['2'] }],
    });
    expect(matchesLabels(selector, { a: '1' })).toBe(true);
    expect(matchesLabels(selector, { a: '1', b: '2' })).toBe(false);
    expect(matchesLabels(labelSelectorFrom(undefined), {})).toBe(false);
    expect(matchesLabels(labelSelectorFrom({}), {})).toBe(true);
  });

  it('exclude exactly what their negation includes', () => {
    const name = fc.constantFrom('a', 'b');
    const labels = fc.dictionary(name, fc.constantFrom('1', '2', ''));
    fc.assert(
      fc.property(name, fc.uniqueArray(fc.constantFrom('1', '2', '3'), { minLength: 1 }), labels, (key, values, labels) => {
        const list = `(${values.join(',')})`;
        expect(matchesLabels(parseLabelSelector(`${key} in ${list}`), labels)).toBe(
          !matchesLabels(parseLabelSelector(`${key} notin ${list}`), labels),
        );
      }),
    );
  });
});

describe('field selectors', () => {
  it('are parsed with their escapes', () => {
    expect(parseFieldSelector('b!=x,a==y\\,z')).toEqual([
      { field: 'a', operator: '=', value: 'y,z' },
      { field: 'b', operator: '!=', value: 'x' },
    ]);
    expect(() => parseFieldSelector('metadata.name')).toThrow(
      "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
    );
  });
});

describe('quantities', () => {
  it.each([
    ['0.5', '500m'],
    ['1024Mi', '1Gi'],
    ['1.5Gi', '1536Mi'],
    ['0.1Gi', '107374182400m'],
    ['1000m', '1'],
    ['1e3', '1e3'],
    ['12e6', '12e6'],
    ['1000Ki', '1000Ki'],
    ['0.0000000001', '1n'],
    ['-1', '-1'],
    ['.5', '500m'],
    ['0', '0'],
    ['100000', '100k'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it.each(['', 'x', '1 Gi', '1Gix', '--1'])('refuse %j', text => {
    expect(() => parseQuantity(text)).toThrow();
  });

  it('keep their value and order when written', () => {
    const text = fc
      .tuple(fc.integer({ min: 0, max: 100_000 }), fc.constantFrom('', 'm', 'k', 'M', 'Ki', 'Mi', 'Gi'))
      .map(([value, suffix]) => `${value}${suffix}`);
    fc.assert(
      fc.property(text, text, (left, right) => {
        const [a, b] = [parseQuantity(left), parseQuantity(right)];
        expect(compareQuantity(parseQuantity(formatQuantity(a)), a)).toBe(0);
        expect(canonicalQuantity(canonicalQuantity(left))).toBe(canonicalQuantity(left));
        expect(compareQuantity(a, b)).toBe(-compareQuantity(b, a) || 0);
        expect(compareQuantity(subtractQuantity(addQuantity(a, b), b), a)).toBe(0);
      }),
    );
    expect(quantityValue(parseQuantity('1500m'))).toBe(2);
    expect(quantityValue(parseQuantity('1500m'), 'milli')).toBe(1500);
  });
});
