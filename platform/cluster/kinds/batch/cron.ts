// Reads cron schedules as robfig/cron does, for its complaints; running them is the controller's business.

const NAMES: Record<string, number> = {};
for (const [index, name] of ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].entries()) NAMES[`d${name}`] = index;
for (const [index, name] of ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].entries())
  NAMES[`m${name}`] = index + 1;

const BOUNDS = [
  { low: 0, high: 59, names: '' },
  { low: 0, high: 23, names: '' },
  { low: 1, high: 31, names: '' },
  { low: 1, high: 12, names: 'm' },
  { low: 0, high: 6, names: 'd' },
];
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];

function parseNumber(text: string, names: string): number | string {
  const named = NAMES[`${names}${text.toLowerCase()}`];
  if (names && named !== undefined) return named;
  if (/^[+-]?\d+$/.test(text)) {
    const value = Number(text);
    return value < 0 ? `negative number (${value}) not allowed: ${text}` : value;
  }
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function complainRange(expression: string, bounds: (typeof BOUNDS)[number]): string | undefined {
  const [range = '', step, ...more] = expression.split('/');
  const [first = '', second, ...extra] = range.split('-');
  let low: number | string;
  let high: number | string;
  if (first === '*' || first === '?') {
    low = bounds.low;
    high = bounds.high;
  } else {
    low = parseNumber(first, bounds.names);
    if (typeof low === 'string') return low;
    high = second === undefined ? low : parseNumber(second, bounds.names);
    if (extra.length > 0) return `too many hyphens: ${expression}`;
    if (typeof high === 'string') return high;
  }
  if (step !== undefined) {
    if (more.length > 0) return `too many slashes: ${expression}`;
    const every = parseNumber(step, '');
    if (typeof every === 'string') return every;
    if (second === undefined) high = bounds.high;
    if (every === 0) return `step of range should be a positive number: ${expression}`;
  }
  if (low < bounds.low) return `beginning of range (${low}) below minimum (${bounds.low}): ${expression}`;
  if (high > bounds.high) return `end of range (${high}) above maximum (${bounds.high}): ${expression}`;
  return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${expression}` : undefined;
}

/** What is wrong with a schedule; undefined when it is fine. */
export function scheduleComplaint(schedule: string): string | undefined {
  if (schedule === '') return 'empty spec string';
  if (schedule.startsWith('@')) {
    if (DESCRIPTORS.includes(schedule)) return undefined;
    if (/^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(schedule)) return undefined;
    if (schedule.startsWith('@every ')) {
      const text = schedule.slice('@every '.length);
      return `failed to parse duration ${schedule}: time: invalid duration ${JSON.stringify(text)}`;
    }
    return `unrecognized descriptor: ${schedule}`;
  }
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`;
  for (const [index, field] of fields.entries()) {
    const bounds = BOUNDS[index];
    if (!bounds) continue;
    for (const part of field.split(',').filter(Boolean)) {
      const complaint = complainRange(part, bounds);
      if (complaint) return complaint;
    }
  }
  return undefined;
}

/** Whether the time-zone database knows the name. */
export function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
