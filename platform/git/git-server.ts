// The smart-HTTP git server: every request is authenticated and authorised here, before node-git-server and git see it.

import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DarumaError, type Logger, messageOf } from '../core/index.ts';
import { checkGit } from './git-command.ts';
import { basicCredentials, type GitRoute, gitRoute } from './git-routes.ts';
import { installHooks } from './hook-script.ts';
import { HookSlots } from './hook-slots.ts';
import { advertiseRefs, type PackResult, runPackService } from './pack-service.ts';
import { PushAnnouncer } from './push-announcer.ts';
import { PushSession } from './push-session.ts';
import { Repositories } from './repositories.ts';
import type { GitServerOptions } from './types.ts';
import { packLooseObjects, removeUnfinished } from './upkeep.ts';

/** A running server. Whoever started it disposes of it; then pushes under way end, and what they moved is announced. */
export class GitServer implements AsyncDisposable {
  readonly repositories: Repositories;
  readonly port: number;
  /** `http://127.0.0.1:PORT`; a repository is `URL/NAME.git`. */
  readonly url: string;
  readonly #server: Server;
  readonly #slots: HookSlots;
  readonly #announcer: PushAnnouncer;
  readonly #running: Set<Promise<unknown>>;

  /** @internal by `startGitServer` */
  constructor(parts: {
    repositories: Repositories;
    server: Server;
    host: string;
    slots: HookSlots;
    announcer: PushAnnouncer;
    running: Set<Promise<unknown>>;
  }) {
    this.repositories = parts.repositories;
    this.port = (parts.server.address() as AddressInfo).port;
    this.url = `http://${parts.host.includes(':') ? `[${parts.host}]` : parts.host}:${this.port}`;
    this.#server = parts.server;
    this.#slots = parts.slots;
    this.#announcer = parts.announcer;
    this.#running = parts.running;
  }

  /**
   * Announces what moved and was never announced, because the platform was killed or somebody changed a repository behind
   * its back. Call it once after the start, when everything that listens is ready. Answers how many refs.
   */
  announceMissed(): Promise<number> {
    return this.#announcer.announceMissed();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const deadline = setTimeout(() => this.#server.closeAllConnections(), 5_000);
    await Promise.allSettled(this.#running);
    this.#server.closeAllConnections();
    await closed;
    clearTimeout(deadline);
    await this.#slots[Symbol.asyncDispose]();
    await this.#announcer[Symbol.asyncDispose]();
  }
}

/**
 * Starts serving. @throws GIT_MISSING, PORT_IN_USE
 */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const { directory, host = '127.0.0.1', port, users, policy, onPush, logger } = options;
  await checkGit();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await removeUnfinished(directory);
  await installHooks(directory);
  let announcer: PushAnnouncer | undefined;
  const repositories = new Repositories(directory, { moved: move => void announcer?.announce([move]) });
  announcer = new PushAnnouncer(repositories, onPush, logger);
  const slots = await HookSlots.open(directory);
  const front = new GitFront({ repositories, users, policy, announcer, slots, logger });
  const running = new Set<Promise<unknown>>();
  const track = (work: Promise<void>): void => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const server = createServer({ requestTimeout: 0 }, (request, response) => {
    track(front.handle(request, response));
  });
  try {
    await listen(server, host, port);
  } catch (error) {
    await slots[Symbol.asyncDispose]();
    throw error;
  }
  track(
    packLooseObjects(repositories).catch((error: unknown) => logger.warn('packing objects failed', { error: messageOf(error) })),
  );
  return new GitServer({ repositories, server, host, slots, announcer, running });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      const hint = 'choose another port, or stop the program that listens there';
      reject(taken ? new DarumaError('PORT_IN_USE', `port ${port} for the git server is taken`, { hint, cause }) : cause);
    });
    server.listen(port, host, resolve);
  });
}

interface FrontParts extends Pick<GitServerOptions, 'users' | 'policy' | 'logger'> {
  repositories: Repositories;
  announcer: PushAnnouncer;
  slots: HookSlots;
}

type User = { user: string; role: string };

class GitFront {
  readonly #parts: FrontParts;
  readonly #logger: Logger;

  constructor(parts: FrontParts) {
    this.#parts = parts;
    this.#logger = parts.logger;
  }

  /** Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#handle(request, response);
    } catch (error) {
      this.#logger.warn('a git request failed', { method: request.method, path: request.url, error: messageOf(error) });
      if (!response.headersSent) refuse(response, 500, 'daruma failed to answer: daruma logs git says why');
      else if (!response.writableEnded) response.destroy();
    }
    if (!request.complete) request.resume();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const credentials = basicCredentials(request);
    const caller = credentials && (await this.#parts.users.authenticate(credentials.user, credentials.password));
    if (!caller) {
      response.setHeader('www-authenticate', 'Basic realm="daruma", charset="UTF-8"');
      return refuse(response, 401, 'a user and a token are needed: daruma credentials shows them');
    }
    const route = gitRoute(request);
    if (!route) return refuse(response, 404, 'not found: a repository is at /NAME.git');
    const { repository } = route;
    if (!(await this.#parts.repositories.exists(repository)))
      return refuse(response, 404, `there is no repository ${repository}`);
    if (!(await this.#parts.policy.mayRead({ ...caller, repository }))) {
      return refuse(response, 403, `${caller.user} may not read ${repository}`);
    }
    const { code, stderr } = await this.#serve(route, caller, { request, response });
    if (code !== 0) this.#logger.info('git ended with an error', { repository, service: route.service, code, stderr });
  }

  async #serve(
    { kind, service, repository }: GitRoute,
    caller: User,
    http: { request: IncomingMessage; response: ServerResponse },
  ): Promise<PackResult> {
    const { repositories, slots, policy, announcer, logger } = this.#parts;
    const repositoryPath = repositories.path(repository);
    if (kind === 'advertise') return advertiseRefs({ service, repositoryPath, response: http.response });
    if (service === 'upload-pack') return runPackService({ service, repositoryPath, ...http });
    const slot = await slots.acquire();
    try {
      const session = new PushSession({ ...caller, repository, repositories, policy, announcer, logger });
      slot.serve(call => session.answer(call));
      return await runPackService({ service, repositoryPath, ...http, started: pid => slot.attach(pid) });
    } finally {
      await slots.release(slot);
    }
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status;
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`${message}\n`);
}
