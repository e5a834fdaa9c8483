// The kinds that an Application's status names: they may hold objects that left Git while the engine was away.
import type { KubeObject, ResourceKind } from '../../kube/index.ts';

export function readKinds({ status }: KubeObject): ResourceKind[] {
  const { resources = [] } = (status ?? {}) as { resources?: { group?: string; version?: string; kind?: string }[] };
  return resources.flatMap(({ group, version, kind }) =>
    version && kind ? [{ apiVersion: group ? `${group}/${version}` : version, kind }] : [],
  );
}
