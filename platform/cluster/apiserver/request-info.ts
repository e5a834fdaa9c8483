// What a request is about: verb and resource, read from method, path and query as kube-apiserver's RequestInfoFactory does.

export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; the lower-case method for paths that are no resources. */
  verb: string;
  path: string;
  query: URLSearchParams;
  isResource: boolean;
  group: string;
  version: string;
  namespace: string;
  resource: string;
  subresource: string;
  name: string;
  /** Path elements after the subresource (proxy paths). */
  rest: string[];
}

const VERBS: Record<string, string> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
  GET: 'get',
  HEAD: 'get',
};
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

/** A query parameter as Kubernetes reads booleans: present and neither `false` nor `0`. */
export function isTrue(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** The name that a field selector pins, for authorization by name of lists and watches. */
function nameIn(fieldSelector: string | null): string {
  const match = /(?:^|,)metadata\.name=(?:=)?([^,=!]+)(?:,|$)/.exec(fieldSelector ?? '');
  return match?.[1] ?? '';
}

/** Undefined when the path is no path: broken percent encoding. */
export function parseRequestInfo(method: string, url: string): RequestInfo | undefined {
  const mark = url.indexOf('?');
  const path = decoded(mark < 0 ? url : url.slice(0, mark));
  if (path === undefined) return undefined;
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const info: RequestInfo = {
    verb: method.toLowerCase(),
    path,
    query,
    isResource: false,
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
  };
  let parts = path.split('/').filter(part => part !== '');
  if (parts[0] === 'apis') {
    if (parts.length < 4) return info;
    info.group = parts[1] as string;
    info.version = parts[2] as string;
    parts = parts.slice(3);
  } else if (parts[0] === 'api') {
    if (parts.length < 3) return info;
    info.version = parts[1] as string;
    parts = parts.slice(2);
  } else {
    return info;
  }
  info.isResource = true;
  info.verb = VERBS[method] ?? '';
  if (parts[0] === 'watch' && parts.length > 1) {
    info.verb = 'watch';
    parts = parts.slice(1);
  }
  if (parts[0] === 'namespaces' && parts.length > 1) {
    info.namespace = parts[1] as string;
    if (parts.length > 2 && !NAMESPACE_SUBRESOURCES.has(parts[2] as string)) parts = parts.slice(2);
  }
  [info.resource, info.name, info.subresource, ...info.rest] = [
    parts[0] ?? '',
    parts[1] ?? '',
    parts[2] ?? '',
    ...parts.slice(3),
  ];
  if (info.name === '' && info.verb === 'get') {
    info.verb = isTrue(query.get('watch')) ? 'watch' : 'list';
    info.name = nameIn(query.get('fieldSelector'));
  } else if (info.name === '' && info.verb === 'delete') {
    info.verb = 'deletecollection';
  } else if (info.name === '' && info.verb === 'watch') {
    info.name = nameIn(query.get('fieldSelector'));
  }
  return info;
}
