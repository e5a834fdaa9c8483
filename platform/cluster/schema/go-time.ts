// Parses times as Go's time.Parse does with the two layouts that Kubernetes uses, its error texts included.

const rfc3339 = '2006-01-02T15:04:05Z07:00';
const rfc3339Micro = '2006-01-02T15:04:05.000000Z07:00';

export type ParsedTime = { ok: true; canonical: string } | { ok: false; message: string };

/** Reads a metav1.Time; `canonical` is how the server writes it (UTC, whole seconds). */
export function parseTime(text: string): ParsedTime {
  return parse(text, rfc3339, false);
}

/** Reads a metav1.MicroTime, which needs exactly six fractional digits. */
export function parseMicroTime(text: string): ParsedTime {
  return parse(text, rfc3339Micro, true);
}

const pieces: [layout: string, pattern: RegExp][] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
  ['05', /^\d{2}/],
];

function parse(text: string, layout: string, micro: boolean): ParsedTime {
  const fail = (rest: string, element: string): ParsedTime => ({
    ok: false,
    message: `parsing time ${JSON.stringify(text)} as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`,
  });
  const outOfRange = (what: string): ParsedTime => ({
    ok: false,
    message: `parsing time ${JSON.stringify(text)}: ${what} out of range`,
  });
  let rest = text;
  const numbers: number[] = [];
  for (const [element, pattern] of pieces) {
    const match = pattern.exec(rest)?.[0];
    if (match === undefined) return fail(rest, element);
    rest = rest.slice(match.length);
    if (match.length >= 2) numbers.push(Number(match));
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  if (month < 1 || month > 12) return outOfRange('month');
  if (day < 1 || day > new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()) return outOfRange('day');
  if (hour > 23) return outOfRange('hour');
  if (minute > 59) return outOfRange('minute');
  if (second > 59) return outOfRange('second');
  let fraction = '';
  if (micro) {
    const match = /^\.\d{6}(?!\d)/.exec(rest)?.[0];
    if (match === undefined) return fail(rest, '.000000');
    fraction = match.slice(1);
    rest = rest.slice(match.length);
  } else {
    rest = rest.replace(/^\.\d+/, '');
  }
  const zone = /^(?:Z|([+-])(\d{2}):(\d{2}))/.exec(rest);
  if (!zone) return fail(rest, 'Z07:00');
  if (zone[0].length < rest.length) {
    return {
      ok: false,
      message: `parsing time ${JSON.stringify(text)}: extra text: ${JSON.stringify(rest.slice(zone[0].length))}`,
    };
  }
  const offsetMs = zone[1] ? (zone[1] === '-' ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60_000 : 0;
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  moment.setUTCHours(hour, minute, second);
  const whole = new Date(moment.getTime() - offsetMs).toISOString().slice(0, 19);
  return { ok: true, canonical: micro ? `${whole}.${fraction}Z` : `${whole}Z` };
}
