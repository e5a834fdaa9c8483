import { expect, it } from 'vitest';
import { humanDuration } from './cells.ts';

const S = 1000;
const H = 3600 * S;

it.each([
  [-5 * S, '<invalid>'],
  [0, '0s'],
  [119 * S, '119s'],
  [125 * S, '2m5s'],
  [599 * S, '9m59s'],
  [2 * H, '120m'],
  [5 * H + 60 * S, '5h1m'],
  [30 * H, '30h'],
  [75 * H, '3d3h'],
  [24 * 30 * H, '30d'],
  [24 * 800 * H, '2y70d'],
])('%d ms reads as %s', (milliseconds, text) => {
  expect(humanDuration(milliseconds)).toBe(text);
});
