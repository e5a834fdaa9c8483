// An API server for the tests of this folder: in memory, on a free port, with a temporary authority.
import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '../../core/index.ts';
import { KubeClient } from '../../kube/index.ts';
import { type Authority, createAuthority, loadTokenKeys } from '../pki/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import { openMemoryStore, type Store } from '../store/index.ts';
import { type ApiServer, AuditLog, startApiServer } from './index.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

interface AskOptions {
  token?: string;
  body?: string | Buffer;
  headers?: Record<string, string | string[]>;
  certificate?: { certificate: string; key: string };
}

export interface TestServer extends AsyncDisposable {
  api: ApiServer;
  store: Store;
  audit: AuditLog;
  authority: Authority;
  client: KubeClient;
  /** A request over TLS; `admin-token` unless told otherwise, '' for none. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
}

export async function startTestServer({
  connector,
  store = openMemoryStore(),
}: {
  connector?: PodConnector;
  store?: Store;
} = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-apiserver-'));
  const authority = await createAuthority(folder);
  const audit = new AuditLog();
  const api = await startApiServer({
    port: 0,
    store,
    authority,
    tokenKeys: loadTokenKeys(folder),
    tokens: [
      { token: 'admin-token', user: 'admin', groups: ['system:masters'] },
      { token: 'dev-token', user: 'dev', groups: ['developers'] },
    ],
    ...(connector ? { connector } : {}),
    serviceAccountAdmission: false,
    audit,
    clock: systemClock,
    logger: silentLogger,
  });
  const transport = api.transportAs({ name: 'admin', groups: ['system:masters'] });
  const ask = (method: string, path: string, { token = 'admin-token', body, headers = {}, certificate }: AskOptions = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = httpsRequest(
        {
          host: '127.0.0.1',
          port: api.port,
          method,
          path,
          agent: false,
          ca: authority.certificate,
          ...(certificate ? { cert: certificate.certificate, key: certificate.key } : {}),
          headers: {
            ...(token && !certificate ? { authorization: `Bearer ${token}` } : {}),
            ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        message => {
          const chunks: Buffer[] = [];
          message.on('data', chunk => chunks.push(chunk as Buffer));
          message.on('error', reject);
          message.on('end', () =>
            resolve({ status: message.statusCode ?? 0, headers: message.headers, text: Buffer.concat(chunks).toString() }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return {
    api,
    store,
    audit,
    authority,
    client: new KubeClient(transport, { userAgent: 'test' }),
    ask,
    [Symbol.asyncDispose]: async () => {
      await transport[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
