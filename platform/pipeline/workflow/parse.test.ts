import { expect, test } from 'vitest';
import { parseWorkflow } from './parse.ts';
import { isTriggered } from './trigger.ts';

const job = (more: string) => `on: push\njobs:\n  a:\n    runs-on: x\n${more}`;
const steps = (step: string) => job(`    steps:\n      - ${step}\n`);

test.each([
  ['strategy', job('    strategy: {}\n    steps: []\n'), 5, 'UNSUPPORTED_FIELD', 'jobs.a.strategy'],
  ['container', job('    container: node\n    steps: []\n'), 5, 'UNSUPPORTED_FIELD', 'jobs.a.container'],
  ['paths', 'on:\n  push:\n    paths: [a]\njobs: {}\n', 3, 'UNSUPPORTED_FIELD', 'on.push.paths'],
  ['an unknown event', 'on: [push, page_build]\njobs: {}\n', 1, 'UNSUPPORTED_FIELD', 'on.page_build'],
  ['an unknown action', steps('uses: actions/cache@v4'), 6, 'UNSUPPORTED_FIELD', 'actions/cache@v4'],
  [
    'an unknown input',
    steps('{ uses: docker/build-push-action@v6, with: { platforms: x } }'),
    6,
    'UNSUPPORTED_FIELD',
    'with.platforms',
  ],
  ['a shell', steps('{ run: x, shell: pwsh }'), 6, 'UNSUPPORTED_FIELD', 'pwsh'],
  ['a function', steps("run: ${{ hashFiles('x') }}"), 6, 'INVALID_INPUT', 'hashFiles()'],
  ['a context', steps('{ if: matrix.a, run: x }'), 6, 'INVALID_INPUT', 'matrix'],
  ['an open expression', steps('run: echo ${{ github.sha'), 6, 'INVALID_INPUT', 'no end'],
  [
    'a circle',
    'on: push\njobs:\n  a: { runs-on: x, needs: b, steps: [] }\n  b: { runs-on: x, needs: a, steps: [] }\n',
    2,
    'INVALID_INPUT',
    'circle',
  ],
  ['a missing job', job('    needs: zz\n    steps: []\n'), 3, 'INVALID_INPUT', 'zz'],
  ['broken YAML', 'on: push\njobs: [\n', 3, 'INVALID_INPUT', 'sequence'],
  ['two steps of one id', job('    steps:\n      - { id: s, run: a }\n      - { id: s, run: b }\n'), 7, 'INVALID_INPUT', 'twice'],
])('refuses %s by key and line', (_, text, line, code, part) => {
  expect(() => parseWorkflow('ci.yaml', text)).toThrow(
    expect.objectContaining({
      code,
      message: expect.stringMatching(new RegExp(`^ci\\.yaml line ${line}: `)),
      data: expect.objectContaining({ line }),
    }),
  );
  expect(() => parseWorkflow('ci.yaml', text)).toThrow(part);
});

test('says what it accepts without effect', () => {
  const { notes, push } = parseWorkflow(
    'ci.yaml',
    `on:\n  pull_request:\n  push:\npermissions: {}\n${steps('run: x').split('\n').slice(1).join('\n')}`,
  );
  expect(push).toEqual({});
  expect(notes).toHaveLength(2);
});

test('patterns choose branches and tags', () => {
  const on = (text: string, ref: string) =>
    isTriggered(parseWorkflow('f', `on: ${text}\n${steps('run: x').split('\n').slice(1).join('\n')}`).push, ref);
  expect(on('push', 'refs/heads/any/thing')).toBe(true);
  expect(on('{ push: { branches: [main] } }', 'refs/heads/main')).toBe(true);
  expect(on('{ push: { branches: [main] } }', 'refs/heads/other')).toBe(false);
  expect(on('{ push: { branches: [main] } }', 'refs/tags/v1')).toBe(false);
  expect(on("{ push: { branches: ['release/*', '!release/old'] } }", 'refs/heads/release/old')).toBe(false);
  expect(on("{ push: { branches: ['release/*'] } }", 'refs/heads/release/a/b')).toBe(false);
  expect(on("{ push: { branches: ['release/**'] } }", 'refs/heads/release/a/b')).toBe(true);
  expect(on("{ push: { tags: ['v*'] } }", 'refs/tags/v1.2.3')).toBe(true);
  expect(on('{ push: { branches-ignore: [wip] } }', 'refs/heads/wip')).toBe(false);
  expect(on('pull_request', 'refs/heads/main')).toBe(false);
});
