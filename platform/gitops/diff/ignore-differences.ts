// An application's ignoreDifferences, and the masking of Secrets.
import type { FieldChange } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { groupOf, type IgnoreRule } from '../model/index.ts';
import { isMap } from './compare.ts';

/** The rules that speak of this object. */
export function rulesFor(rules: IgnoreRule[], object: KubeObject): IgnoreRule[] {
  const { name = '', namespace = '' } = object.metadata;
  const fits = (pattern: string | undefined, value: string) => pattern === undefined || pattern === '*' || pattern === value;
  return rules.filter(
    rule =>
      fits(rule.group, groupOf(object.apiVersion)) &&
      fits(rule.kind, object.kind) &&
      fits(rule.name, name) &&
      fits(rule.namespace, namespace),
  );
}

/** A copy of `object` without the fields that the rules name. */
export function withoutIgnored(object: KubeObject, rules: IgnoreRule[]): KubeObject {
  const pointers = rules.flatMap(rule => rule.jsonPointers);
  if (pointers.length === 0) return object;
  const copy = structuredClone(object);
  for (const pointer of pointers) {
    const { parent, last } = locate(copy, pointer);
    if (Array.isArray(parent) && last !== undefined) parent.splice(Number(last), 1);
    else if (isMap(parent) && last !== undefined) delete parent[last];
  }
  return copy;
}

/** A copy of `desired` in which the ignored fields are as they live, so that an apply leaves them alone. */
export function keepingIgnored(desired: KubeObject, live: KubeObject | undefined, rules: IgnoreRule[]): KubeObject {
  const pointers = rules.flatMap(rule => rule.jsonPointers);
  if (pointers.length === 0 || !live) return desired;
  const copy = structuredClone(desired);
  for (const pointer of pointers) {
    const target = locate(copy, pointer);
    const source = locate(live, pointer);
    if (!isMap(target.parent) || target.last === undefined) continue;
    const value = isMap(source.parent) && source.last !== undefined ? source.parent[source.last] : undefined;
    if (value === undefined) delete target.parent[target.last];
    else target.parent[target.last] = value;
  }
  return copy;
}

/** Replaces Secret values: equal ones look equal, different ones different. */
export function maskChanges(object: KubeObject, changes: FieldChange[]): FieldChange[] {
  if (object.kind !== 'Secret' || groupOf(object.apiVersion) !== '') return changes;
  return changes.map(change =>
    /^(data|stringData)\b/.test(change.path) || change.path.includes('last-applied-configuration')
      ? {
          path: change.path,
          ...(change.desired === undefined ? {} : { desired: '++++++++' }),
          ...(change.live === undefined ? {} : { live: change.desired === undefined ? '++++++++' : '+++++++++' }),
        }
      : change,
  );
}

function locate(object: unknown, pointer: string): { parent: unknown; last: string | undefined } {
  const parts = pointer
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = parts.pop();
  let parent = object;
  for (const part of parts) {
    if (Array.isArray(parent)) parent = parent[Number(part)];
    else if (isMap(parent)) parent = parent[part];
    else return { parent: undefined, last };
  }
  return { parent, last };
}
