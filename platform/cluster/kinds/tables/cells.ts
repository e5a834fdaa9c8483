// The pieces of Table cells that kinds share: ages, durations, names joined, nothing shown as `<none>`.
import { metaOf } from '../objects.ts';
import type { KindObject, TableColumn } from '../strategy.ts';

export const NONE = '<none>';

/** A duration as kubectl shows it (apimachinery util/duration.HumanDuration). */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`;
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return hours < 24 * 365 * 8 && days % 365 !== 0 ? `${years}y${days % 365}d` : `${years}y`;
}

/** The time since `timestamp`, `<unknown>` without one. */
export function since(timestamp: string | null | undefined, now: Date): string {
  if (!timestamp) return '<unknown>';
  return humanDuration(now.getTime() - new Date(timestamp).getTime());
}

export const age = (obj: { metadata?: unknown }, now: Date): string => since(metaOf(obj).creationTimestamp, now);
export const nameOf = (obj: { metadata?: unknown }): string => metaOf(obj).name ?? '';

/** Labels as `a=b,c=d` sorted by key, `<none>` when there are none. */
export function labelsText(labels: Record<string, string> | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? NONE : entries.map(([key, value]) => `${key}=${value}`).join(',');
}

/** Names and images of a template's containers, each joined by commas. */
export function containersAndImages(spec: { containers?: { name?: string; image?: string }[] } | undefined): [string, string] {
  const containers = spec?.containers ?? [];
  return [containers.map(({ name }) => name ?? '').join(','), containers.map(({ image }) => image ?? '').join(',')];
}

/** The first `shown` items, and how many more there are. */
export function shortList(items: readonly string[], shown: number): string {
  if (items.length <= shown) return items.join(',');
  return `${items.slice(0, shown).join(',')} + ${items.length - shown} more...`;
}

/** The addresses that a load balancer gave, sorted, each once. */
export function loadBalancerAddresses(ingress: readonly { ip?: string; hostname?: string }[] | undefined): string[] {
  return [...new Set((ingress ?? []).map(({ ip, hostname }) => ip || hostname || '').filter(Boolean))].sort();
}

/** Cells for kinds without a printer of their own: the name, and the creation time under `Age` or `Created At`. */
export function nameAndAge(obj: KindObject, columns: readonly TableColumn[], now: Date): unknown[] {
  return columns.map(({ name }) => {
    if (name === 'Name') return nameOf(obj);
    if (name === 'Age') return age(obj, now);
    return name === 'Created At' ? (metaOf(obj).creationTimestamp ?? null) : NONE;
  });
}
