import { expect, test } from 'vitest';
import { parseCron } from './cron-schedule.ts';

const next = (expression: string, from: string, zone?: string) => parseCron(expression, zone).next(new Date(from))?.toISOString();

test.each([
  ['* * * * *', '2024-03-01T10:00:00Z', '2024-03-01T10:01:00.000Z'],
  ['* * * * *', '2024-03-01T10:00:59.500Z', '2024-03-01T10:01:00.000Z'],
  ['*/15 * * * *', '2024-03-01T10:14:00Z', '2024-03-01T10:15:00.000Z'],
  ['5/20 * * * *', '2024-03-01T10:06:00Z', '2024-03-01T10:25:00.000Z'],
  ['30 4 1,15 * *', '2024-03-02T00:00:00Z', '2024-03-15T04:30:00.000Z'],
  ['0 0 29 2 *', '2024-03-01T00:00:00Z', '2028-02-29T00:00:00.000Z'],
  ['0 12 * jan-mar MON', '2024-03-30T00:00:00Z', '2025-01-06T12:00:00.000Z'],
  ['0 0 13 * 5', '2024-03-02T00:00:00Z', '2024-03-08T00:00:00.000Z'],
  ['0 0 * * 7', '2024-03-02T00:00:00Z', '2024-03-03T00:00:00.000Z'],
  ['@hourly', '2024-03-01T10:00:00Z', '2024-03-01T11:00:00.000Z'],
  ['@every 90s', '2024-03-01T10:00:00Z', '2024-03-01T10:01:30.000Z'],
])('%s after %s comes at %s', (expression, from, expected) => {
  expect(next(expression, from)).toBe(expected);
});

test('a time zone moves the hours, and its clock changes neither repeat nor invent a run', () => {
  expect(next('0 9 * * *', '2024-01-10T00:00:00Z', 'Europe/Berlin')).toBe('2024-01-10T08:00:00.000Z');
  expect(next('0 9 * * *', '2024-07-10T00:00:00Z', 'Europe/Berlin')).toBe('2024-07-10T07:00:00.000Z');
  // 02:30 does not exist on 31 March 2024 in Berlin.
  expect(next('30 2 * * *', '2024-03-30T02:00:00Z', 'Europe/Berlin')).toBe('2024-04-01T00:30:00.000Z');
  expect(next('30 3 * * *', '2024-03-31T00:00:00Z', 'Europe/Berlin')).toBe('2024-03-31T01:30:00.000Z');
});

test('a date that never comes has no next time', () => {
  expect(next('0 0 30 2 *', '2024-03-01T00:00:00Z')).toBeUndefined();
});

test.each(['* * * *', '60 * * * *', '* * * * 8', '*/0 * * * *', 'a * * * *', '5-1 * * * *', '@every x'])(
  '%s is refused',
  expression => {
    expect(() => parseCron(expression)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
  },
);
