// Which requests there are. Everything else is refused before it comes near a path or git.
import type { IncomingMessage } from 'node:http';
import type { PackServiceName } from './pack-service.ts';
import { isRepositoryName } from './repository-names.ts';

export interface GitRoute {
  kind: 'advertise' | 'serve';
  service: PackServiceName;
  repository: string;
}

const ADVERTISE = /^\/([^/?]+)\/info\/refs\?service=git-(upload-pack|receive-pack)$/;
const SERVE = /^\/([^/?]+)\/git-(upload-pack|receive-pack)$/;

/** Undefined for what is no route of ours: other paths, other methods, percent signs, `..`, the dumb protocol. */
export function gitRoute({ method, url = '', headers }: IncomingMessage): GitRoute | undefined {
  const match = method === 'GET' ? ADVERTISE.exec(url) : method === 'POST' ? SERVE.exec(url) : null;
  if (!match) return undefined;
  const repository = (match[1] ?? '').replace(/\.git$/, '');
  if (!isRepositoryName(repository)) return undefined;
  const service = match[2] as PackServiceName;
  if (method === 'POST' && headers['content-type'] !== `application/x-git-${service}-request`) return undefined;
  return { kind: method === 'GET' ? 'advertise' : 'serve', service, repository };
}

/** User and password of a Basic authorization header. */
export function basicCredentials({ headers }: IncomingMessage): { user: string; password: string } | undefined {
  const token = /^Basic\s+([A-Za-z0-9+/=]+)$/i.exec(headers.authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const text = Buffer.from(token, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
