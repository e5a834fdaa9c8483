// Discovery: which groups, versions and resources there are, in the old documents and in the aggregated one.
import { discoveryData } from '../../schema/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { encode, respondDocument } from '../encoding/respond.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { customDiscovery, type DiscoveredGroup, type DiscoveredResource } from './custom-discovery.ts';
import { pageNotFound } from './text.ts';

interface DiscoveryList {
  items: DiscoveredGroup[];
}

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
const AGGREGATED_BETA = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

/** The aggregated form that a client prefers, or undefined for the old documents. */
function aggregatedForm(accept: string | undefined): string | undefined {
  for (const range of (accept ?? '').split(',')) {
    const wanted = range.replaceAll(' ', '');
    if (!wanted.includes('as=APIGroupDiscoveryList') || !wanted.includes('g=apidiscovery.k8s.io')) {
      if (/^(application\/json|\*\/\*)(;q=[\d.]+)?$/.test(wanted)) return undefined;
      continue;
    }
    if (wanted.includes('v=v2beta1')) return AGGREGATED_BETA;
    if (wanted.includes('v=v2')) return AGGREGATED;
  }
  return undefined;
}

function aggregated(list: DiscoveryList, form: string): ApiResponse {
  const version = form === AGGREGATED ? 'v2' : 'v2beta1';
  const body = { kind: 'APIGroupDiscoveryList', apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items: list.items };
  return { ...encode(body, { mediaType: 'application/json', pretty: false }), headers: { 'content-type': form, vary: 'Accept' } };
}

function groups(parts: ApiParts): DiscoveredGroup[] {
  const builtin = (discoveryData().apis as unknown as DiscoveryList).items;
  return [...builtin, ...customDiscovery(parts.resources.custom())];
}

const groupVersionOf = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`);

function apiGroup({ metadata, versions }: DiscoveredGroup) {
  const name = metadata.name ?? '';
  const list = versions.map(({ version }) => ({ groupVersion: groupVersionOf(name, version), version }));
  return { name, versions: list, preferredVersion: list[0] };
}

function verbose(resource: DiscoveredResource) {
  const namespaced = resource.scope === 'Namespaced';
  const main = {
    name: resource.resource,
    singularName: resource.singularResource ?? '',
    namespaced,
    kind: resource.responseKind.kind,
    verbs: resource.verbs,
    ...(resource.shortNames?.length ? { shortNames: resource.shortNames } : {}),
    ...(resource.categories?.length ? { categories: resource.categories } : {}),
  };
  const subresources = (resource.subresources ?? []).map(sub => ({
    name: `${resource.resource}/${sub.subresource}`,
    singularName: '',
    namespaced,
    ...(sub.responseKind?.group ? { group: sub.responseKind.group } : {}),
    ...(sub.responseKind?.version ? { version: sub.responseKind.version } : {}),
    kind: sub.responseKind?.kind ?? '',
    verbs: sub.verbs,
  }));
  return [main, ...subresources];
}

/** Undefined when the path is none of discovery's. */
export function serveDiscovery(parts: ApiParts, context: RequestContext): ApiResponse | undefined {
  const elements = context.info.path.split('/').filter(element => element !== '');
  const form = aggregatedForm(context.request.headers['accept']);
  const [prefix, group, version] = elements;
  if (prefix === 'api' && elements.length === 1) {
    if (form) return aggregated(discoveryData().api as unknown as DiscoveryList, form);
    const host = context.request.headers['host'] ?? '127.0.0.1';
    return respondDocument(context, {
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: host }],
    });
  }
  if (prefix === 'api' && elements.length === 2) {
    const [core] = (discoveryData().api as unknown as DiscoveryList).items;
    const found = core?.versions.find(candidate => candidate.version === group);
    return found ? resourceList(context, group ?? '', found.resources) : pageNotFound();
  }
  if (prefix !== 'apis') return undefined;
  if (elements.length === 1) {
    if (form) return aggregated({ items: groups(parts) }, form);
    return respondDocument(context, { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(parts).map(apiGroup) });
  }
  const found = groups(parts).find(({ metadata }) => metadata.name === group);
  if (elements.length === 2)
    return found ? respondDocument(context, { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) }) : pageNotFound();
  const served = found?.versions.find(candidate => candidate.version === version);
  return served ? resourceList(context, `${group}/${version}`, served.resources) : pageNotFound();
}

function resourceList(context: RequestContext, groupVersion: string, resources: readonly DiscoveredResource[]): ApiResponse {
  return respondDocument(context, {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: resources.flatMap(verbose),
  });
}
