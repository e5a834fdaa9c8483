// The appliance's HTTP API: REST with bearer tokens, server-sent events for what happens, plain text for logs.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import { DarumaError, type ErrorCode, type Journal, type Logger, messageOf } from '../core/index.ts';
import type { Caller, SyncRequest } from './contract.ts';
import type { PlatformOperations } from './operations.ts';

export interface ApiOptions {
  host: string;
  port: number;
  /** Who a bearer token belongs to. */
  authenticate(token: string): Caller | undefined;
  operations: PlatformOperations;
  journal: Journal;
  logger: Logger;
}

export interface ApiServer extends AsyncDisposable {
  url: string;
  port: number;
}

const HTTP_STATUS: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  CONFIRMATION_NEEDED: 403,
  CONFLICT: 409,
  INVALID_INPUT: 400,
  USAGE: 400,
  UNSUPPORTED_FIELD: 400,
};

/** Serves until disposed; running streams are ended then. @throws DarumaError PORT_IN_USE */
export async function startApi({ host, port, authenticate, operations, journal, logger }: ApiOptions): Promise<ApiServer> {
  const closing = new AbortController();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((request, response, next) => {
    // A page of another site must not reach the API by a rebound name.
    const name = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (!['127.0.0.1', 'localhost', '[::1]', host].includes(name))
      return void response.status(403).json({ code: 'FORBIDDEN', message: `the API does not answer for host ${name}` });
    next();
  });
  app.get('/healthz', (_request, response) => void response.type('text/plain').send('ok'));
  app.use('/api/v1', (request, response, next) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1];
    const caller = token && authenticate(token);
    if (!caller) throw new DarumaError('UNAUTHORIZED', 'the API needs a valid bearer token', { hint: 'daruma credentials lead' });
    response.locals['caller'] = caller;
    next();
  });
  app.use(express.json({ limit: '16mb' }));
  app.use('/api/v1', routes(operations, journal, closing.signal));
  app.use((request, _response) => {
    throw new DarumaError('NOT_FOUND', `the API has no ${request.method} ${request.path}`);
  });
  app.use((error: unknown, request: Request, response: Response, _next: NextFunction) => {
    const known = error instanceof DarumaError ? error : undefined;
    const parse = (error as { type?: string }).type?.startsWith('entity.') ? 400 : undefined;
    const status = known ? (HTTP_STATUS[known.code] ?? 500) : (parse ?? 500);
    if (status === 500) logger.warn('request failed', { method: request.method, path: request.path, error });
    if (response.headersSent) return void response.destroy();
    response.status(status).json({
      code: known?.code ?? (parse ? 'INVALID_INPUT' : 'INTERNAL'),
      message: messageOf(error),
      hint: known?.hint,
      data: known?.data,
    });
  });

  const server = createServer(app);
  await listen(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    async [Symbol.asyncDispose]() {
      closing.abort();
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function routes(operations: PlatformOperations, journal: Journal, closing: AbortSignal): express.Router {
  const router = express.Router();
  const caller = (response: Response) => response.locals['caller'] as Caller;
  const name = (request: Request) => String(request.params['name']);
  const flag = (value: unknown) => value === '' || value === 'true' || value === '1';

  router.get('/status', async (_request, response) => void response.json(await operations.status()));
  router.get('/whoami', (_request, response) => void response.json(caller(response)));
  router.get('/applications', async (_request, response) => void response.json(await operations.applications()));
  router.get('/applications/:name', async (request, response) => void response.json(await operations.application(name(request))));
  router.get(
    '/applications/:name/resources',
    async (request, response) => void response.json(await operations.resources(name(request))),
  );
  router.get(
    '/applications/:name/history',
    async (request, response) => void response.json(await operations.history(name(request))),
  );
  router.post('/applications/:name/diff', async (request, response) => {
    const { revision, local } = (request.body ?? {}) as { revision?: string; local?: Record<string, string> };
    response.json(await operations.diff(name(request), { revision, local }));
  });
  router.post(
    '/applications/:name/sync',
    async (request, response) =>
      void response.json(await operations.sync(name(request), (request.body ?? {}) as SyncRequest, caller(response))),
  );
  router.post('/applications/:name/rollback', async (request, response) => {
    response.json(
      await operations.rollback(name(request), (request.body ?? {}) as { id?: number; confirm?: string }, caller(response)),
    );
  });
  router.get('/drift', (_request, response) => void response.json(operations.drift()));
  router.get('/runs', (_request, response) => void response.json(operations.runs()));
  router.get('/runs/:name', (request, response) => void response.json(operations.run(name(request))));
  router.get('/runs/:name/log', (request, response) =>
    stream(response, closing, signal => operations.runLog(name(request), { follow: flag(request.query['follow']), signal })),
  );
  router.get('/pods/:namespace/:name/log', (request, response) =>
    stream(response, closing, signal => {
      const { container, tailLines } = request.query;
      return operations.podLog({
        namespace: String(request.params['namespace']),
        pod: name(request),
        ...(container ? { container: String(container) } : {}),
        ...(tailLines ? { tailLines: Number(tailLines) } : {}),
        follow: flag(request.query['follow']),
        signal,
      });
    }),
  );
  router.get('/logs', (request, response) =>
    stream(response, closing, signal => {
      const { subsystem } = request.query;
      return operations.log({
        ...(subsystem ? { subsystem: String(subsystem) } : {}),
        follow: flag(request.query['follow']),
        signal,
      });
    }),
  );
  router.get('/events', (request, response) => {
    const since = Number(request.query['since'] ?? request.headers['last-event-id'] ?? 0);
    if (Number.isNaN(since)) throw new DarumaError('INVALID_INPUT', 'since must be the seq of an event');
    if (!flag(request.query['follow'])) return void response.json(journal.since(since));
    response.set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    const send = (entry: { seq: number }) => response.write(`id: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`);
    for (const entry of journal.since(since)) send(entry);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing]);
    signal.addEventListener('abort', () => response.end(), { once: true });
    journal.follow(
      entry => {
        // A reader that does not read is let go, so that nothing grows; it can resume from the last seq that it saw.
        if (response.writableLength > 4_000_000) return response.destroy();
        send(entry);
      },
      { signal },
    );
  });
  router.get(
    '/repositories/:name/commits/:revision/statuses',
    async (request, response) => void response.json(await operations.statuses(name(request), String(request.params['revision']))),
  );
  router.get(
    '/repositories/:name/protections',
    async (request, response) => void response.json(await operations.protections(name(request))),
  );
  const branch = (request: Request) => String(request.params['branch']);
  router.put('/repositories/:name/protections/:branch', async (request, response) => {
    const { roles } = (request.body ?? {}) as { roles?: unknown };
    if (!Array.isArray(roles) || !roles.every((role): role is string => typeof role === 'string'))
      throw new DarumaError('INVALID_INPUT', 'roles must be a list of roles', { hint: '{"roles": ["lead"]}' });
    response.json(await operations.protect(name(request), branch(request), roles, caller(response)));
  });
  router.delete(
    '/repositories/:name/protections/:branch',
    async (request, response) =>
      void response.json(await operations.protect(name(request), branch(request), undefined, caller(response))),
  );
  router.post('/rebuild', async (_request, response) => void response.json(await operations.rebuild(caller(response))));
  router.post('/shutdown', (_request, response) => {
    operations.shutdown(caller(response));
    response.status(202).json({ stopping: true });
  });
  return router;
}

async function stream(
  response: Response,
  closing: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<string>,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  response.set({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  let started = false;
  try {
    for await (const text of open(signal)) {
      if (!started) response.flushHeaders();
      started = true;
      if (!response.write(text))
        await new Promise<void>(resolve => {
          response.once('drain', resolve);
          response.once('close', resolve);
        });
      if (signal.aborted) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  response.end();
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new DarumaError('PORT_IN_USE', `port ${port} is in use by another program`, {
              hint: 'daruma up --port with a free one',
              cause: error,
            })
          : error,
      );
    });
    server.listen(port, host, () => resolve());
  });
}
