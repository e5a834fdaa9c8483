// Which service a request goes to: rules of networking.k8s.io/v1 Ingress, by host and path.
import type { Ingress, IngressBackend } from './kinds.ts';

export interface IngressRoute {
  namespace: string;
  ingress: string;
  service: string;
  port: { number?: number; name?: string };
}

interface Candidate {
  route: IngressRoute;
  /** 2 exact host, 1 wildcard, 0 any. */
  hostRank: number;
  pathLength: number;
  exact: boolean;
}

function hostRank(rule: string | undefined, host: string): number | undefined {
  if (!rule) return 0;
  if (rule === host) return 2;
  if (!rule.startsWith('*.')) return undefined;
  const dot = host.indexOf('.');
  return dot > 0 && host.slice(dot) === rule.slice(1) ? 1 : undefined;
}

function pathMatches(path: string, type: string, asked: string): boolean {
  if (type === 'Exact') return asked === path;
  const prefix = path.replace(/\/+$/, '');
  return asked === prefix || asked.startsWith(`${prefix}/`);
}

function routeTo({ metadata }: Ingress, backend: IngressBackend | undefined): IngressRoute | undefined {
  if (!backend?.service) return undefined;
  const { name: service, port = {} } = backend.service;
  return { namespace: metadata.namespace ?? '', ingress: metadata.name ?? '', service, port };
}

/** The most specific rule: exact host before wildcard before none, exact path before the longest prefix; a default backend comes last. */
export function routeFor(ingresses: readonly Ingress[], hostHeader: string, url: string): IngressRoute | undefined {
  const host = hostHeader.replace(/:\d+$/, '').toLowerCase();
  const path = url.split(/[?#]/, 1)[0] ?? '/';
  let best: Candidate | undefined;
  let fallback: IngressRoute | undefined;
  for (const ingress of ingresses) {
    fallback ??= routeTo(ingress, ingress.spec.defaultBackend);
    for (const rule of ingress.spec.rules ?? []) {
      const rank = hostRank(rule.host?.toLowerCase(), host);
      if (rank === undefined) continue;
      for (const entry of rule.http?.paths ?? []) {
        const candidatePath = entry.path ?? '/';
        const route = routeTo(ingress, entry.backend);
        if (!route || !pathMatches(candidatePath, entry.pathType, path)) continue;
        const candidate = { route, hostRank: rank, pathLength: candidatePath.length, exact: entry.pathType === 'Exact' };
        if (!best || isBetter(candidate, best)) best = candidate;
      }
    }
  }
  return best?.route ?? fallback;
}

function isBetter(a: Candidate, b: Candidate): boolean {
  if (a.hostRank !== b.hostRank) return a.hostRank > b.hostRank;
  if (a.exact !== b.exact) return a.exact;
  return a.pathLength > b.pathLength;
}
