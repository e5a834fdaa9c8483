import { describe, expect, it } from 'vitest';
import { toCluster, toHost } from './addresses.ts';
import { routeFor } from './ingress-routes.ts';
import type { Ingress } from './kinds.ts';

function ingress(
  name: string,
  rules: [host: string | undefined, path: string, pathType: string, service: string][],
  fallback?: string,
): Ingress {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace: 'dev' },
    spec: {
      ...(fallback ? { defaultBackend: { service: { name: fallback, port: { number: 80 } } } } : {}),
      rules: rules.map(([host, path, pathType, service]) => ({
        ...(host ? { host } : {}),
        http: { paths: [{ path, pathType, backend: { service: { name: service, port: { number: 80 } } } }] },
      })),
    },
  };
}

const rules = [
  ingress('a', [
    ['demo.localhost', '/', 'Prefix', 'root'],
    ['demo.localhost', '/api', 'Prefix', 'api'],
    ['demo.localhost', '/api', 'Exact', 'exact'],
    ['*.localhost', '/', 'Prefix', 'wildcard'],
    [undefined, '/any', 'Prefix', 'any'],
  ]),
  ingress('b', [], 'fallback'),
];

describe('an ingress rule', () => {
  it.each([
    ['demo.localhost:8080', '/', 'root'],
    ['DEMO.localhost', '/apis', 'root'],
    ['demo.localhost', '/api', 'exact'],
    ['demo.localhost', '/api/v1?x=/y', 'api'],
    ['other.localhost', '/any/thing', 'wildcard'],
    ['a.b.localhost', '/any/thing', 'any'],
    ['example.org', '/', 'fallback'],
  ])('sends %s%s to %s', (host, url, service) => {
    expect(routeFor(rules, host, url)?.service).toBe(service);
  });

  it('is needed', () => {
    expect(routeFor([], 'demo.localhost', '/')).toBeUndefined();
  });
});

describe('addresses', () => {
  const linux = { podOctet: 244, serviceOctet: 96, loopbackRange: true };

  it('are loopback sockets on Linux, and are told apart on the way back', () => {
    expect(toHost(linux, '10.244.3.7', 8080)).toEqual({ host: '127.244.3.7', port: 8080 });
    expect(toHost(linux, '10.96.0.1', 443)).toEqual({ host: '127.96.0.1', port: 61_443 });
    expect(toHost(linux, '192.0.2.1', 80)).toEqual({ host: '192.0.2.1', port: 80 });
    expect(toCluster(linux, '127.96.0.1', 61_443)).toEqual({ address: '10.96.0.1', port: 443 });
    expect(toCluster(linux, '::ffff:127.244.3.7', 8080)).toEqual({ address: '10.244.3.7', port: 8080 });
    expect(toCluster(linux, '127.0.0.1', 80)).toEqual({ address: '127.0.0.1', port: 80 });
  });

  it('are ports of 127.0.0.1 elsewhere', () => {
    const other = { ...linux, loopbackRange: false };
    const one = toHost(other, '10.244.0.5', 80);
    expect(one.host).toBe('127.0.0.1');
    expect(one.port).toBeGreaterThan(1024);
    expect(toHost(other, '10.244.0.6', 80)).not.toEqual(one);
    expect(toHost(other, '10.244.0.5', 80)).toEqual(one);
  });
});
