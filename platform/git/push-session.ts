// One push: what its hooks ask, what the policy says, and what the pusher reads.
import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, messageOf } from '../core/index.ts';
import type { HookAnswer, HookCall, HookUpdate } from './hook-slots.ts';
import { readProtections } from './protection.ts';
import type { PushAnnouncer } from './push-announcer.ts';
import type { Repositories } from './repositories.ts';
import { NO_COMMIT } from './repository-names.ts';
import type { GitPolicy, PushDecision } from './types.ts';

const ANNOUNCEMENT_LIMIT_MS = 10_000;

interface PushSessionOptions {
  user: string;
  role: string;
  repository: string;
  repositories: Repositories;
  policy: GitPolicy;
  announcer: PushAnnouncer;
  logger: Logger;
}

/** Answers the hooks of one push. */
export class PushSession {
  readonly #options: PushSessionOptions;
  readonly #forced = new Set<string>();

  constructor(options: PushSessionOptions) {
    this.#options = options;
  }

  /** Never rejects: what fails is refused, and logged. */
  async answer(call: HookCall): Promise<HookAnswer> {
    try {
      return call.hook === 'pre-receive' ? await this.#permit(call.updates) : await this.#announce(call.updates);
    } catch (error) {
      this.#options.logger.error(`${call.hook} failed`, { repository: this.#options.repository, error: messageOf(error) });
      return { ok: false, lines: ['daruma failed to handle this push: daruma logs git says why'] };
    }
  }

  async #permit(updates: HookUpdate[]): Promise<HookAnswer> {
    const { repository, user, announcer } = this.#options;
    const refusals: string[] = [];
    for (const update of updates) {
      if (update.forced) this.#forced.add(update.ref);
      const { allowed, message } = await this.#decide(update);
      if (!allowed) refusals.push(`refused: ${message ?? `${user} may not push ${update.ref} of ${repository}`}`);
    }
    if (refusals.length > 0) return { ok: false, lines: refusals };
    await announcer.intend(repository, updates, user);
    return { ok: true, lines: [] };
  }

  async #decide({ ref, forced, before, after }: HookUpdate): Promise<PushDecision> {
    const { repository, user, role, repositories, policy } = this.#options;
    const deleted = after === NO_COMMIT;
    if (ref.startsWith('refs/daruma/')) {
      return { allowed: false, message: `${ref} is kept by daruma itself: it records what was deployed` };
    }
    const protection = (await readProtections(repositories.path(repository))).find(
      ({ branch }) => ref === `refs/heads/${branch}`,
    );
    if (protection) {
      const { branch, roles } = protection;
      if (deleted) return { allowed: false, message: `${branch} is protected: it cannot be deleted` };
      if (forced) {
        return {
          allowed: false,
          message: `${branch} is protected: its history cannot be replaced, add a commit (git revert) instead`,
        };
      }
      if (!roles.includes(role) && before !== NO_COMMIT) {
        const who = roles.length > 0 ? roles.join(' or ') : 'nobody';
        return {
          allowed: false,
          message: `${branch} is protected: only ${who} may push to it, push a branch of your own instead`,
        };
      }
    }
    return policy.mayPush({ user, role, repository, ref, forced, deleted });
  }

  async #announce(updates: HookUpdate[]): Promise<HookAnswer> {
    const { repository, user, announcer } = this.#options;
    const timer = new AbortController();
    const late = delay(ANNOUNCEMENT_LIMIT_MS, ['the push is stored; what follows from it is still starting'], {
      signal: timer.signal,
    }).catch((): string[] => []);
    const announced = announcer.announce(
      updates.map(({ ref, before, after }) => ({ repository, ref, before, after, user, forced: this.#forced.has(ref) })),
    );
    const lines = await Promise.race([announced, late]);
    timer.abort();
    return { ok: true, lines };
  }
}
