import { expect, test } from 'vitest';
import { parseCommandFile } from './command-files.ts';

test('reads pairs and blocks', () => {
  expect(parseCommandFile('a=1\nb=x=y\nc<<E\nl1\nl2=3\nE\nd=a<<b\n', 'GITHUB_OUTPUT')).toEqual({
    a: '1',
    b: 'x=y',
    c: 'l1\nl2=3',
    d: 'a<<b',
  });
  expect(() => parseCommandFile('nothing\n', 'GITHUB_ENV')).toThrow('name=value');
  expect(() => parseCommandFile('a<<E\nx\n', 'GITHUB_ENV')).toThrow('closing E');
});
