// Cron expressions as Kubernetes takes them: five fields with lists, ranges, steps and names, or a macro; times in a time zone.
import { DarumaError } from '../../../core/index.ts';

interface Field {
  name: string;
  min: number;
  max: number;
  names?: string[];
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const FIELDS: Field[] = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 6, names: DAYS },
];
const MACROS: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MINUTE = 60_000;
const DAY = 86_400_000;
const LOOK_AHEAD_MS = 5 * 366 * DAY;

interface ParsedField {
  values: Set<number>;
  any: boolean;
}

export interface CronSchedule {
  /** The first time after `date`, or undefined when none comes within five years (30 February). */
  next(date: Date): Date | undefined;
}

/** @throws DarumaError INVALID_INPUT */
export function parseCron(expression: string, timeZone = 'UTC'): CronSchedule {
  const text = MACROS[expression.trim().toLowerCase()] ?? expression.trim();
  const every = /^@every\s+(.+)$/.exec(text);
  if (every) return everySchedule(durationMs(every[1] ?? ''));
  const parts = text.split(/\s+/);
  if (parts.length !== FIELDS.length) throw invalid(expression, `it has ${parts.length} fields instead of 5`);
  const fields = FIELDS.map((field, index) => parseField(field, parts[index] ?? '', expression));
  return { next: date => nextTime(fields, wallClock(timeZone), date) };
}

function invalid(expression: string, why: string): DarumaError {
  return new DarumaError('INVALID_INPUT', `the schedule "${expression}" is not valid: ${why}`, {
    hint: 'write five fields: minute, hour, day of month, month, day of week',
  });
}

function parseField(field: Field, text: string, expression: string): ParsedField {
  const values = new Set<number>();
  let any = false;
  for (const part of text.split(',')) {
    const [range = '', step] = part.split('/');
    const everything = range === '*' || range === '?';
    any ||= everything && (step === undefined || step === '1');
    const [from, to] = everything ? [field.min, field.max] : bounds(field, range, { expression, open: step !== undefined });
    const by = step === undefined ? 1 : Number(step);
    if (!Number.isInteger(by) || by < 1) throw invalid(expression, `"${part}" is no step`);
    for (let value = from; value <= to; value += by) values.add(field.name === 'day of week' ? value % 7 : value);
  }
  return { values, any };
}

function bounds(field: Field, range: string, { expression, open }: { expression: string; open: boolean }): [number, number] {
  const [first = '', last] = range.split('-');
  const from = numberOf(field, first);
  const to = last === undefined ? (open ? field.max : from) : numberOf(field, last);
  const max = field.name === 'day of week' ? 7 : field.max;
  if (!(from >= field.min && to <= max && from <= to)) throw invalid(expression, `"${range}" is no ${field.name}`);
  return [from, to];
}

function numberOf({ names, min }: Field, text: string): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function durationMs(text: string): number {
  const units: Record<string, number> = { h: 3_600_000, m: MINUTE, s: 1_000 };
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([\d.]+)([hms])/g)) total += Number(amount) * (units[unit ?? ''] ?? 0);
  if (total < 1_000) throw invalid(`@every ${text}`, 'it is no duration of at least a second');
  return total;
}

function everySchedule(ms: number): CronSchedule {
  return { next: date => new Date(Math.floor(date.getTime() / 1_000) * 1_000 + ms) };
}

/** The difference between the clock on the wall and UTC at an instant, in milliseconds. */
type WallClock = (instant: number) => number;

function wallClock(timeZone: string): WallClock {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return instant => {
    const part = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1_000) * 1_000;
  };
}

function nextTime(fields: ParsedField[], offsetAt: WallClock, date: Date): Date | undefined {
  const start = Math.floor(date.getTime() / MINUTE) * MINUTE + MINUTE;
  let wall = start + offsetAt(start);
  const end = wall + LOOK_AHEAD_MS;
  while (wall <= end) {
    const skip = skipMs(fields, new Date(wall));
    if (skip > 0) {
      wall += skip;
      continue;
    }
    const instant = wall - offsetAt(wall - offsetAt(wall));
    // A time that the clocks jump over does not exist; one that they repeat counts once.
    if (instant + offsetAt(instant) === wall && instant >= start) return new Date(instant);
    wall += MINUTE;
  }
  return undefined;
}

/** How far the next candidate is at least; 0 when this minute matches. Times are wall clock, read as UTC. */
function skipMs([minutes, hours, days, months, weekdays]: ParsedField[], wall: Date): number {
  const sinceMidnight = wall.getUTCHours() * 3_600_000 + wall.getUTCMinutes() * MINUTE;
  if (!months?.values.has(wall.getUTCMonth() + 1) || !matchesDay(days, weekdays, wall)) return DAY - sinceMidnight;
  if (!hours?.values.has(wall.getUTCHours())) return 3_600_000 - wall.getUTCMinutes() * MINUTE;
  return minutes?.values.has(wall.getUTCMinutes()) ? 0 : MINUTE;
}

// When both days are restricted, either is enough.
function matchesDay(days: ParsedField | undefined, weekdays: ParsedField | undefined, wall: Date): boolean {
  const byDate = days?.values.has(wall.getUTCDate()) ?? false;
  const byWeekday = weekdays?.values.has(wall.getUTCDay()) ?? false;
  return days?.any || weekdays?.any ? byDate && byWeekday : byDate || byWeekday;
}
