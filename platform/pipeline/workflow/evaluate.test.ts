import { expect, test } from 'vitest';
import { evaluate, interpolate, type Scope } from './evaluate.ts';
import { parseExpression, usesStatus } from './syntax.ts';

const scope: Scope = {
  status: 'success',
  contexts: {
    github: { ref: 'refs/heads/main', 'head-ref': 'x', event: { commits: [{ id: 7 }] } },
    env: { EMPTY: '', N: '3' },
    needs: { a: { result: 'success' } },
  },
};
const value = (source: string) => evaluate(parseExpression(source), scope);

test.each<[string, unknown]>([
  ["github.ref == 'REFS/heads/main'", true],
  ["github['head-ref']", 'x'],
  ['github.event.commits[0].id', 7],
  ['github.nothing.at.all', undefined],
  ["env.N > 2 && 'many' || 'few'", 'many'],
  ["env.EMPTY || 'default'", 'default'],
  ['null == 0', true],
  ["'' == 0", true],
  ["'a' == 0", false],
  ['true == 1', true],
  ['!(1 < 2) != true', true],
  ["contains('Hello world', 'WORLD')", true],
  ["contains(fromJSON('[1, 2]'), 2)", true],
  ["startsWith(github.ref, 'refs/heads/') && endsWith(github.ref, 'MAIN')", true],
  ["format('{0} {{x}} {1}', 'a', 2)", 'a {x} 2'],
  ['join(fromJSON(\'["a","b"]\'), \'+\')', 'a+b'],
  ['toJSON(needs.a.result)', '"success"'],
  ["'it''s'", "it's"],
  ['success() && !failure() && always()', true],
  ['0x10 == 16', true],
])('%s', (source, expected) => {
  expect(value(source)).toEqual(expected);
});

test.each(['', 'github.', 'github.ref == ', "'open", 'a b', 'format()', 'github.*', '1 +  2'])('refuses "%s"', source => {
  expect(() => parseExpression(source)).toThrow(SyntaxError);
});

test('texts hold several expressions, and braces in quotes', () => {
  expect(interpolate("${{ env.N }}/${{ format('{0}}}', 'x') }}!${{ github.gone }}", scope)).toBe('3/x}!');
});

test('knows which conditions ask for the status', () => {
  expect(usesStatus(parseExpression("github.ref == 'x' && (always() || false)"))).toBe(true);
  expect(usesStatus(parseExpression("github.ref == 'x'"))).toBe(false);
});
