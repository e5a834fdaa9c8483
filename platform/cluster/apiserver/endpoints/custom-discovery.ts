// Discovery of custom resources, made from what their definitions serve.
import type { ServedResource } from '../registry/served-resource.ts';

interface ResponseKind {
  group: string;
  version: string;
  kind: string;
}

export interface DiscoveredResource {
  resource: string;
  responseKind: ResponseKind;
  scope: 'Namespaced' | 'Cluster';
  singularResource?: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: { subresource: string; responseKind?: ResponseKind; verbs: readonly string[] }[];
}

export interface DiscoveredGroup {
  metadata: { name?: string };
  versions: { version: string; resources: DiscoveredResource[]; freshness?: 'Current' }[];
}

/** Kubernetes' order of versions: GA before beta before alpha, higher first, others last by name. */
export function compareVersions(a: string, b: string): number {
  const rank = (version: string): [number, number, number] | undefined => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (!match) return undefined;
    return [match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0, Number(match[1]), Number(match[3] ?? 0)];
  };
  const [left, right] = [rank(a), rank(b)];
  if (left && right) return right[0] - left[0] || right[1] - left[1] || right[2] - left[2];
  if (left) return -1;
  if (right) return 1;
  return a < b ? -1 : 1;
}

function discovered({ strategy }: ServedResource): DiscoveredResource {
  const { group, version, kind } = strategy;
  return {
    resource: strategy.resource,
    responseKind: { group, version, kind },
    scope: strategy.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: strategy.singular,
    verbs: strategy.verbs,
    ...(strategy.shortNames.length > 0 ? { shortNames: strategy.shortNames } : {}),
    ...(strategy.categories.length > 0 ? { categories: strategy.categories } : {}),
    ...(strategy.subresources.length > 0
      ? {
          subresources: strategy.subresources.map(sub => ({
            subresource: sub.name,
            responseKind: { group: sub.group, version: sub.version, kind: sub.kind },
            verbs: sub.verbs,
          })),
        }
      : {}),
  };
}

/** Groups in the order of their names. */
export function customDiscovery(resources: readonly ServedResource[]): DiscoveredGroup[] {
  const groups = new Map<string, Map<string, DiscoveredResource[]>>();
  for (const resource of resources) {
    const { group, version } = resource.strategy;
    const versions = groups.get(group) ?? new Map<string, DiscoveredResource[]>();
    groups.set(group, versions);
    versions.set(version, [...(versions.get(version) ?? []), discovered(resource)]);
  }
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, versions]) => ({
      metadata: { name },
      versions: [...versions]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, list]) => ({
          version,
          resources: list.sort((a, b) => (a.resource < b.resource ? -1 : 1)),
          freshness: 'Current' as const,
        })),
    }));
}
