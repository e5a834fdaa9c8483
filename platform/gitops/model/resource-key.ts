// The identity of a resource: the group, not the version, tells kinds apart, since a cluster serves one object in many versions.
import type { KubeObject, ResourceKind } from '../../kube/index.ts';

/** `''` for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `v1` of `apps/v1`. */
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** `group/Kind/namespace/name`, unique in a cluster. */
export function keyOf(object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata;
  return `${groupOf(object.apiVersion)}/${object.kind}/${namespace}/${name}`;
}

/** `group/Kind`. */
export function groupKindOf({ apiVersion, kind }: ResourceKind): string {
  return `${groupOf(apiVersion)}/${kind}`;
}

/** `Kind/name`, or `Kind.group/name` outside the core group: how people read a resource. */
export function resourceLabel(object: KubeObject): string {
  const group = groupOf(object.apiVersion);
  return `${object.kind}${group ? `.${group}` : ''}/${object.metadata.name ?? ''}`;
}

/** True when `asked` (`Kind/name`, `Kind.group/name`, or Argo CD's `group:Kind:name`) means this object. Kinds in any case. */
export function labelMatches(asked: string, object: KubeObject): boolean {
  const group = groupOf(object.apiVersion);
  const name = object.metadata.name ?? '';
  const kind = object.kind.toLowerCase();
  const wanted = asked.toLowerCase();
  return wanted === `${kind}/${name}` || wanted === `${kind}.${group}/${name}` || wanted === `${group}:${kind}:${name}`;
}
