// Reads kubeconfig files. Certificates and tokens are read here; exec plugins are left to @kubernetes/client-node, loaded when met.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import { DarumaError } from '../core/index.ts';
import { HttpsTransport } from './https-transport.ts';

/** How to reach one cluster as one user. */
export interface ClusterAccess {
  server: string;
  ca?: string;
  cert?: string;
  key?: string;
  skipTlsVerify?: boolean;
  /** The namespace of the context, or `default`. */
  namespace: string;
  /** Headers with the user's credentials; an exec plugin is asked again when its token ends. */
  headers(): Promise<Record<string, string>>;
}

interface Named<T> {
  name: string;
  [kind: string]: T | string;
}
interface KubeconfigFile {
  'current-context'?: string;
  contexts?: Named<{ cluster: string; user: string; namespace?: string }>[];
  clusters?: Named<{
    server: string;
    'certificate-authority'?: string;
    'certificate-authority-data'?: string;
    'insecure-skip-tls-verify'?: boolean;
  }>[];
  users?: Named<Record<string, unknown>>[];
}

/** Reads the access of a context (the current one when absent). @throws DarumaError INVALID_INPUT | NOT_FOUND */
export function readKubeconfig(path: string, { context }: { context?: string } = {}): ClusterAccess {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new DarumaError('NOT_FOUND', `the kubeconfig ${path} cannot be read`, {
      hint: 'name another file with --kubeconfig',
      cause: error,
    });
  }
  let config: KubeconfigFile;
  try {
    config = parse(text) as KubeconfigFile;
  } catch (error) {
    throw new DarumaError('INVALID_INPUT', `the kubeconfig ${path} is not YAML`, { cause: error });
  }
  const wanted = context ?? config?.['current-context'];
  const entry = find<{ cluster: string; user: string; namespace?: string }>(config?.contexts, wanted, 'context');
  if (!entry) {
    const known = (config?.contexts ?? []).map(one => one.name).join(', ') || 'none';
    throw new DarumaError('NOT_FOUND', `the kubeconfig ${path} has no context ${wanted ?? '(none is current)'}`, {
      hint: `contexts there: ${known}`,
    });
  }
  const cluster = find<{
    server: string;
    'certificate-authority'?: string;
    'certificate-authority-data'?: string;
    'insecure-skip-tls-verify'?: boolean;
  }>(config.clusters, entry.cluster, 'cluster');
  if (!cluster?.server)
    throw new DarumaError('INVALID_INPUT', `the kubeconfig ${path} has no server for cluster ${entry.cluster}`);
  const user = find<Record<string, unknown>>(config.users, entry.user, 'user') ?? {};
  const material = (name: string) => {
    const data = user[`${name}-data`] as string | undefined;
    if (data) return Buffer.from(data, 'base64').toString('utf8');
    const file = user[name] as string | undefined;
    return file ? readFileSync(resolve(dirname(path), file), 'utf8') : undefined;
  };
  const ca = cluster['certificate-authority-data']
    ? Buffer.from(cluster['certificate-authority-data'], 'base64').toString('utf8')
    : cluster['certificate-authority'] && readFileSync(resolve(dirname(path), cluster['certificate-authority']), 'utf8');
  return {
    server: cluster.server,
    namespace: entry.namespace ?? 'default',
    ...(ca ? { ca } : {}),
    ...(cluster['insecure-skip-tls-verify'] ? { skipTlsVerify: true } : {}),
    ...optional('cert', material('client-certificate')),
    ...optional('key', material('client-key')),
    headers: credentialHeaders(path, wanted as string, user),
  };
}

/** A transport to a kubeconfig's cluster. */
export function transportFromKubeconfig(path: string, options: { context?: string } = {}): HttpsTransport {
  return new HttpsTransport(readKubeconfig(path, options));
}

function credentialHeaders(path: string, context: string, user: Record<string, unknown>): () => Promise<Record<string, string>> {
  if (user['exec'] || user['auth-provider']) {
    return async () => {
      const { KubeConfig } = await import('@kubernetes/client-node');
      const config = new KubeConfig();
      config.loadFromFile(path);
      config.setCurrentContext(context);
      const options: { headers?: Record<string, string> } = { headers: {} };
      await config.applyToHTTPSOptions(options as never);
      return options.headers ?? {};
    };
  }
  const token =
    (user['token'] as string | undefined) ??
    (user['tokenFile'] ? readFileSync(resolve(dirname(path), user['tokenFile'] as string), 'utf8').trim() : undefined);
  const headers: Record<string, string> = {};
  if (token) headers['authorization'] = `Bearer ${token}`;
  else if (user['username'])
    headers['authorization'] =
      `Basic ${Buffer.from(`${user['username'] as string}:${user['password'] as string}`).toString('base64')}`;
  return async () => headers;
}

function find<T>(entries: Named<T>[] | undefined, name: string | undefined, kind: string): T | undefined {
  return entries?.find(entry => entry.name === name)?.[kind] as T | undefined;
}

function optional<K extends string>(key: K, value: string | undefined): { [P in K]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: string };
}
