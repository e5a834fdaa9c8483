// The typed client of the appliance's API, for the CLI, the terminal UI and scenarios.
import { type IncomingMessage, request } from 'node:http';
import {
  type ApplicationView,
  DarumaError,
  type DriftView,
  type ErrorCode,
  errorCatalogue,
  type HistoryView,
  type JournalEntry,
  messageOf,
  type ObjectDiffView,
  type ResourceView,
  type RunView,
} from '../core/index.ts';
import type {
  Caller,
  CommitStatus,
  PlatformStatus,
  ProtectedBranch,
  RebuildReport,
  SyncRequest,
  SyncResponse,
} from './contract.ts';

type Signalled = { signal?: AbortSignal };

/** Every method throws the DarumaError that the platform threw, or NOT_RUNNING when nothing answers. */
export interface ApiClient {
  status(options?: Signalled): Promise<PlatformStatus>;
  whoami(): Promise<Caller>;
  applications(options?: Signalled): Promise<ApplicationView[]>;
  application(name: string, options?: Signalled): Promise<ApplicationView>;
  resources(name: string): Promise<ResourceView[]>;
  diff(name: string, options?: { revision?: string; local?: Record<string, string> }): Promise<ObjectDiffView[]>;
  history(name: string): Promise<HistoryView[]>;
  sync(name: string, request?: SyncRequest, options?: Signalled): Promise<SyncResponse>;
  rollback(name: string, request?: { id?: number; confirm?: string }): Promise<{ commit: string; toId: number }>;
  drift(options?: Signalled): Promise<DriftView[]>;
  runs(options?: Signalled): Promise<RunView[]>;
  run(id: string): Promise<RunView>;
  runLog(id: string, options?: { follow?: boolean } & Signalled): AsyncIterable<string>;
  podLog(
    pod: { namespace: string; name: string; container?: string },
    options?: { follow?: boolean; tailLines?: number } & Signalled,
  ): AsyncIterable<string>;
  log(options?: { subsystem?: string; follow?: boolean } & Signalled): AsyncIterable<string>;
  events(since?: number, options?: Signalled): Promise<JournalEntry[]>;
  /** Entries after `since`, then every later one; ends when the platform stops or the signal aborts. */
  followEvents(since: number, options: { signal: AbortSignal }): AsyncIterable<JournalEntry>;
  rebuild(options?: Signalled): Promise<RebuildReport>;
  /** The newest run of each workflow for a commit. `revision`: a branch, tag or SHA. */
  statuses(repository: string, revision: string): Promise<CommitStatus[]>;
  protections(repository: string): Promise<ProtectedBranch[]>;
  /** Answers all protections of the repository as they are then. */
  protect(repository: string, branch: string, request: { roles: string[] }): Promise<ProtectedBranch[]>;
  unprotect(repository: string, branch: string): Promise<ProtectedBranch[]>;
  shutdown(): Promise<void>;
}

/** A client of the API at `url` as the user of `token`. It holds no connection open of its own. */
export function createApiClient({ url, token }: { url: string; token: string }): ApiClient {
  const base = `${url}/api/v1`;
  const send = async (
    method: string,
    path: string,
    { body, signal }: { body?: unknown } & Signalled = {},
  ): Promise<IncomingMessage> => {
    signal?.throwIfAborted();
    const content = body === undefined ? undefined : JSON.stringify(body);
    // node:http and not fetch, whose idle limit of five minutes would end a quiet stream.
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(content === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(content) }),
      };
      request(base + path, { method, headers, signal }, resolve)
        .once('error', reject)
        .end(content);
    }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new DarumaError('NOT_RUNNING', `no daruma answers at ${url}`, { hint: 'daruma up', cause: error });
    });
    if ((response.statusCode ?? 0) >= 300) throw errorFrom(response.statusCode ?? 0, await textOf(response));
    return response;
  };
  const json = async <T>(method: string, path: string, options?: { body?: unknown } & Signalled): Promise<T> => {
    const response = await send(method, path, options);
    try {
      return JSON.parse(await textOf(response)) as T;
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw new DarumaError('NOT_RUNNING', `the answer of the daruma at ${url} broke off: ${messageOf(error)}`, { cause: error });
    }
  };
  async function* text(path: string, signal?: AbortSignal): AsyncIterable<string> {
    const response = await send('GET', path, { signal });
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response) yield decoder.decode(chunk as Uint8Array, { stream: true });
    } catch (error) {
      if (!signal?.aborted) throw new DarumaError('NOT_RUNNING', `the stream from ${url} broke off`, { cause: error });
    }
  }
  const protections = (repository: string, branch?: string) =>
    `/repositories/${encodeURIComponent(repository)}/protections${branch === undefined ? '' : `/${encodeURIComponent(branch)}`}`;
  const app = (name: string) => `/applications/${encodeURIComponent(name)}`;

  return {
    status: options => json('GET', '/status', options),
    whoami: () => json('GET', '/whoami'),
    applications: options => json('GET', '/applications', options),
    application: (name, options) => json('GET', app(name), options),
    resources: name => json('GET', `${app(name)}/resources`),
    diff: (name, options = {}) => json('POST', `${app(name)}/diff`, { body: options }),
    history: name => json('GET', `${app(name)}/history`),
    sync: (name, request = {}, options = {}) => json('POST', `${app(name)}/sync`, { body: request, ...options }),
    rollback: (name, request = {}) => json('POST', `${app(name)}/rollback`, { body: request }),
    drift: options => json('GET', '/drift', options),
    runs: options => json('GET', '/runs', options),
    run: id => json('GET', `/runs/${encodeURIComponent(id)}`),
    runLog: (id, { follow, signal } = {}) => text(`/runs/${encodeURIComponent(id)}/log${follow ? '?follow=true' : ''}`, signal),
    podLog: ({ namespace, name, container }, { follow, tailLines, signal } = {}) => {
      const query = new URLSearchParams({
        ...(container ? { container } : {}),
        ...(follow ? { follow: 'true' } : {}),
        ...(tailLines ? { tailLines: String(tailLines) } : {}),
      });
      return text(`/pods/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/log?${query}`, signal);
    },
    log: ({ subsystem, follow, signal } = {}) =>
      text(
        `/logs?${new URLSearchParams({ ...(subsystem ? { subsystem } : {}), ...(follow ? { follow: 'true' } : {}) })}`,
        signal,
      ),
    events: (since = 0, options) => json('GET', `/events?since=${since}`, options),
    async *followEvents(since, { signal }) {
      let rest = '';
      for await (const chunk of text(`/events?follow=true&since=${since}`, signal)) {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = block.split('\n').find(line => line.startsWith('data: '));
          if (data) yield JSON.parse(data.slice(6)) as JournalEntry;
        }
      }
    },
    statuses: (repository, revision) =>
      json('GET', `/repositories/${encodeURIComponent(repository)}/commits/${encodeURIComponent(revision)}/statuses`),
    protections: repository => json('GET', protections(repository)),
    protect: (repository, branch, request) => json('PUT', protections(repository, branch), { body: request }),
    unprotect: (repository, branch) => json('DELETE', protections(repository, branch)),
    rebuild: options => json('POST', '/rebuild', options),
    shutdown: async () => void (await json('POST', '/shutdown')),
  };
}

function errorFrom(status: number, text: string): DarumaError {
  let body: { code?: string; message?: string; hint?: string; data?: Record<string, unknown> } = {};
  try {
    body = JSON.parse(text) as typeof body;
  } catch {
    // What answers there may be another program.
  }
  const code: ErrorCode = body.code && body.code in errorCatalogue ? (body.code as ErrorCode) : 'NOT_RUNNING';
  return new DarumaError(code, body.message ?? `the API answered with HTTP ${status}`, { hint: body.hint, data: body.data });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString('utf8');
}
