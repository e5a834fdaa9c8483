// What discovery and table headers say about every built-in resource, in one list.
import { discoveryData, tableColumns } from '../schema/index.ts';
import type { ResourceFacts } from './kind-rules.ts';
import type { SubresourceInfo } from './strategy.ts';

interface DiscoveredKind {
  group: string;
  version: string;
  kind: string;
}

interface DiscoveredResource {
  resource: string;
  responseKind: DiscoveredKind;
  scope: string;
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string; responseKind?: DiscoveredKind; verbs: string[] }[];
}

interface DiscoveredGroup {
  metadata: { name?: string };
  versions: { version: string; resources: DiscoveredResource[] }[];
}

/** A subresource's kind is of the resource's own group and version unless discovery says otherwise. */
function subresourceInfo(
  group: string,
  version: string,
  sub: NonNullable<DiscoveredResource['subresources']>[number],
): SubresourceInfo {
  const kind = sub.responseKind;
  const own = !kind?.version;
  return {
    name: sub.subresource,
    group: own ? group : kind.group,
    version: own ? version : kind.version,
    kind: kind?.kind ?? '',
    verbs: sub.verbs,
  };
}

/** Every built-in resource, in discovery's order. */
export function resourceFacts(): ResourceFacts[] {
  const { api, apis } = discoveryData() as unknown as Record<'api' | 'apis', { items: DiscoveredGroup[] }>;
  return [...api.items, ...apis.items].flatMap(({ metadata, versions }) => {
    const group = metadata.name ?? '';
    return versions.flatMap(({ version, resources }) =>
      resources.map(
        (found): ResourceFacts => ({
          group,
          version,
          resource: found.resource,
          kind: found.responseKind.kind,
          singular: found.singularResource,
          namespaced: found.scope === 'Namespaced',
          shortNames: found.shortNames ?? [],
          categories: found.categories ?? [],
          verbs: found.verbs,
          subresources: (found.subresources ?? []).map(sub => subresourceInfo(group, version, sub)),
          columns: [...(tableColumns(group, version, found.resource) ?? [])],
        }),
      ),
    );
  });
}
