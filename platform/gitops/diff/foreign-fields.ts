// Fields that other managers put into our objects: a server-side apply leaves them alone, so neither a dry run nor a
// forced apply shows or removes an environment variable added by `kubectl set env`.
import type { FieldChange } from '../../core/index.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/index.ts';
import { isMap, isOurs } from './compare.ts';
import { parseStep, pathText, pointerTo, type Step, stepInto } from './field-path.ts';

export interface ForeignField {
  change: FieldChange;
  /** Where it stands in the live object. */
  pointer: string;
  /** Not masked. */
  value: unknown;
  manager: string;
  time?: string;
}

/** Managers whose fields belong into our objects: the cluster's own controllers and ours. */
const TRUSTED =
  /^(kube-(controller-manager|scheduler|apiserver)|kubelet|kwok.*|cloud-controller-manager|cluster-autoscaler|vpa-.*|daruma(-.*)?)$/;

/** Annotations that tools leave behind for themselves. */
const NOISE = new Set([
  'metadata.annotations[kubectl.kubernetes.io/last-applied-configuration]',
  'metadata.annotations[kubernetes.io/change-cause]',
  'metadata.annotations[argocd.argoproj.io/refresh]',
  'spec.template.metadata.annotations[kubectl.kubernetes.io/restartedAt]',
]);

/** Parts of an object that are never desired state. */
const NEVER = new Set(['apiVersion', 'kind', 'status', 'operation']);
const METADATA = new Set(['labels', 'annotations']);

/** Fields in `live` that only untrusted managers own and that `desired` has not; `ignoredManagers` are trusted too. */
export function foreignFields(desired: KubeObject, live: KubeObject, ignoredManagers: string[] = []): ForeignField[] {
  const entries = live.metadata.managedFields ?? [];
  const trusted = entries.filter(entry => isTrusted(entry, ignoredManagers));
  const found = new Map<string, ForeignField>();
  for (const entry of entries) {
    if (trusted.includes(entry) || entry.subresource || !entry.fieldsV1) continue;
    const report = (path: Step[], value: unknown) => {
      const text = pathText(path);
      const pointer = pointerTo(live, path);
      if (NOISE.has(text) || pointer === undefined) return;
      found.set(pointer, {
        change: { path: text, live: value },
        pointer,
        value,
        manager: entry.manager ?? 'unknown',
        ...(entry.time ? { time: entry.time } : {}),
      });
    };
    const walk = (fields: Record<string, unknown>, wanted: unknown, lived: unknown, path: Step[], others: unknown[]): void => {
      for (const [key, inner] of Object.entries(fields)) {
        const step = parseStep(key);
        if (!step || !isCompared(path, step)) continue;
        const value = stepInto(lived, step);
        if (!value) continue;
        const inside = [...path, step];
        const shared = others.flatMap(other => (isMap(other) && other[key] !== undefined ? [other[key]] : []));
        const mine = stepInto(wanted, step);
        const below = inner as Record<string, unknown>;
        const isLeaf = Object.keys(below).every(name => name === '.');
        const isItem = 'keys' in step || 'value' in step;
        if (mine) {
          if (!isLeaf) walk(below, mine.value, value.value, inside, shared);
        } else if (shared.length === 0 && (isLeaf || isItem || isWhole(below, value.value))) report(inside, value.value);
        else if (!isLeaf) walk(below, undefined, value.value, inside, shared);
      }
    };
    walk(
      entry.fieldsV1,
      desired,
      live,
      [],
      trusted.map(other => other.fieldsV1),
    );
  }
  return [...found.values()].sort((a, b) => (a.change.path < b.change.path ? -1 : 1));
}

/** A JSON patch that takes the fields away, provided that each still is what was looked at: a status written meanwhile does not matter. */
export function removalPatch(fields: ForeignField[]): object[] {
  // Later items first, so that earlier ones keep their index; nothing below what goes anyway.
  const pointers = fields.map(field => field.pointer);
  return fields
    .filter(({ pointer }) => !pointers.some(other => other !== pointer && pointer.startsWith(`${other}/`)))
    .sort((a, b) => laterFirst(a.pointer, b.pointer))
    .flatMap(({ pointer, value }) => [
      { op: 'test', path: pointer, value },
      { op: 'remove', path: pointer },
    ]);
}

function isTrusted(entry: ManagedFieldsEntry, ignored: string[]): boolean {
  const manager = entry.manager ?? '';
  return isOurs(entry) || TRUSTED.test(manager) || ignored.includes(manager);
}

function isCompared(path: Step[], step: Step): boolean {
  if (!('field' in step)) return true;
  if (path.length === 0) return !NEVER.has(step.field);
  const [first] = path;
  return !(path.length === 1 && first && 'field' in first && first.field === 'metadata') || METADATA.has(step.field);
}

/** True when the manager owns all that is inside: then the whole goes, and no empty shell stays. */
function isWhole(fields: Record<string, unknown>, value: unknown): boolean {
  if (!isMap(value)) return false;
  return Object.entries(value).every(([name, inner]) => {
    const below = fields[`f:${name}`];
    return isMap(below) && (Object.keys(below).length === 0 || isWhole(below, inner));
  });
}

function laterFirst(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const [one = '', other = ''] = [left[at], right[at]];
    if (one === other) continue;
    return /^\d+$/.test(one) && /^\d+$/.test(other) ? Number(other) - Number(one) : one < other ? 1 : -1;
  }
  return right.length - left.length;
}
