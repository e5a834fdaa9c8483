// How long ago, in the shortest words.

export function ageOf(time: string, now: number): string {
  const s = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  if (s < 90) return `${s} s ago`;
  if (s < 5400) return `${Math.round(s / 60)} min ago`;
  return s < 129_600 ? `${Math.round(s / 3600)} h ago` : `${Math.round(s / 86_400)} d ago`;
}

/** `12:06:02.118` in local time. */
export function instantOf(time: string): string {
  return `${clockOf(Date.parse(time))}.${String(new Date(time).getMilliseconds()).padStart(3, '0')}`;
}

/** `12:04:31` in local time. */
export function clockOf(time: number | string): string {
  return new Date(time).toTimeString().slice(0, 8);
}
