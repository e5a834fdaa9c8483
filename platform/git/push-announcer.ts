// Makes every move of a branch or tag known exactly in order, and at least once even when the appliance was killed in between:
// what was announced is kept beside each repository and compared with the refs at the next start.
import { appendFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf, readFileIfExists } from '../core/index.ts';
import { readAnnounced, writeAnnounced } from './announced-refs.ts';
import { isAncestor } from './history.ts';
import { newCommits } from './new-commits.ts';
import { listRefs } from './refs.ts';
import type { MovedRef, Repositories } from './repositories.ts';
import { NO_COMMIT } from './repository-names.ts';
import type { PushListener } from './types.ts';

const PUSHERS = 'daruma-pushers.jsonl';

function isAnnounced(ref: string): boolean {
  return ref.startsWith('refs/heads/') || ref.startsWith('refs/tags/');
}

/** One queue a repository: pushes are announced one after the other, in the order in which their refs moved. */
export class PushAnnouncer implements AsyncDisposable {
  readonly #repositories: Repositories;
  readonly #onPush: PushListener;
  readonly #logger: Logger;
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #known = new Map<string, Map<string, string>>();

  constructor(repositories: Repositories, onPush: PushListener, logger: Logger) {
    this.#repositories = repositories;
    this.#onPush = onPush;
    this.#logger = logger;
  }

  /** Keeps who is about to move a ref, for the case that the announcement is lost. Durable against a kill, not a power cut. */
  async intend(repository: string, moves: { ref: string; after: string }[], user: string): Promise<void> {
    const lines = moves.map(({ ref, after }) => `${JSON.stringify({ ref, after, user })}\n`).join('');
    await appendFile(join(this.#repositories.path(repository), PUSHERS), lines, { mode: 0o600 });
  }

  /** Calls the listener for each move and answers its lines. Never rejects: a failure is logged and named in a line. */
  announce(moves: MovedRef[]): Promise<string[]> {
    const repository = moves[0]?.repository;
    if (repository === undefined) return Promise.resolve([]);
    const lines = (this.#queues.get(repository) ?? Promise.resolve()).then(async () => {
      const said: string[] = [];
      for (const move of moves) if (isAnnounced(move.ref)) said.push(...(await this.#announceOne(move)));
      return said;
    });
    const recorded = lines.then(() => this.#remember(repository, moves));
    this.#queues.set(
      repository,
      recorded.catch((error: unknown) =>
        this.#logger.error('a push was not recorded as announced', { repository, error: messageOf(error) }),
      ),
    );
    return lines;
  }

  /** Announces what moved since the last announcement, after a kill or a change behind our back. Answers how many refs. */
  async announceMissed(): Promise<number> {
    let count = 0;
    for (const repository of await this.#repositories.list()) {
      const path = this.#repositories.path(repository);
      const known = await this.#announced(repository);
      const pushers = await readPushers(path);
      const refs = await listRefs(path, 'refs/');
      const moves: MovedRef[] = [];
      for (const ref of new Set([...known.keys(), ...refs.keys()])) {
        const [before, after] = [known.get(ref) ?? NO_COMMIT, refs.get(ref) ?? NO_COMMIT];
        if (!isAnnounced(ref) || before === after) continue;
        moves.push({ repository, ref, before, after, user: pushers.get(`${ref} ${after}`) ?? 'unknown' });
      }
      count += moves.length;
      if (moves.length > 0) await this.announce(moves);
    }
    await this.idle();
    await this.#forgetPushers();
    return count;
  }

  async #announceOne(move: MovedRef): Promise<string[]> {
    const { repository, ref, before, after, user } = move;
    try {
      const path = this.#repositories.path(repository);
      const replaced = before !== NO_COMMIT && after !== NO_COMMIT;
      const forced = move.forced ?? (replaced && !(await isAncestor(path, before, after).catch(() => false)));
      const commits = await newCommits(path, before, after);
      return await this.#onPush({ repository, ref, before, after, forced, user, commits });
    } catch (error) {
      this.#logger.error('a push was stored, but what follows from it failed', { repository, ref, error: messageOf(error) });
      return [`the push is stored, but what follows from it failed: ${messageOf(error)}`];
    }
  }

  async #announced(repository: string): Promise<Map<string, string>> {
    const present = this.#known.get(repository);
    if (present) return present;
    const known = await readAnnounced(this.#repositories.path(repository));
    this.#known.set(repository, known);
    return known;
  }

  async #remember(repository: string, moves: MovedRef[]): Promise<void> {
    const known = await this.#announced(repository);
    for (const { ref, after } of moves) {
      if (after === NO_COMMIT) known.delete(ref);
      else if (isAnnounced(ref)) known.set(ref, after);
    }
    await writeAnnounced(this.#repositories.path(repository), known);
  }

  /** Resolves when nothing is being announced. */
  async idle(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.idle();
    await this.#forgetPushers();
  }

  async #forgetPushers(): Promise<void> {
    for (const repository of await this.#repositories.list()) {
      await rm(join(this.#repositories.path(repository), PUSHERS), { force: true });
    }
  }
}

async function readPushers(path: string): Promise<Map<string, string>> {
  const pushers = new Map<string, string>();
  for (const line of ((await readFileIfExists(join(path, PUSHERS))) ?? '').split('\n')) {
    try {
      const { ref, after, user } = JSON.parse(line) as { ref: string; after: string; user: string };
      pushers.set(`${ref} ${after}`, user);
    } catch {
      // a torn last line, or the empty one
    }
  }
  return pushers;
}
