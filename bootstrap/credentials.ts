// The users of an instance and their tokens: one token a user, for the API, git and the registry alike.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Caller } from '../platform/api/index.ts';
import { DarumaError, type HomePaths, readFileIfExists, writeFileAtomic } from '../platform/core/index.ts';

export interface UserCredentials extends Caller {
  token: string;
}

/** `node` pulls images and may do nothing else. */
const USERS: { user: string; role: Caller['role'] | 'node' }[] = [
  { user: 'lead', role: 'lead' },
  { user: 'dev', role: 'developer' },
  { user: 'bot', role: 'bot' },
  { user: 'node', role: 'node' },
];

type Entry = { user: string; role: string; token: string };

/** Compares in constant time; knows nobody by a wrong password. */
export class Credentials {
  readonly #entries: Entry[];

  constructor(entries: Entry[]) {
    this.#entries = entries;
  }

  /** @throws DarumaError NOT_FOUND naming the users there are */
  of(user: string): Entry {
    const entry = this.#entries.find(one => one.user === user);
    if (!entry)
      throw new DarumaError('NOT_FOUND', `there is no user ${user}`, {
        hint: `users: ${this.#entries.map(one => one.user).join(', ')}`,
      });
    return entry;
  }

  /** For git and the registry: user and password. */
  async authenticate(user: string, password: string): Promise<{ user: string; role: string } | undefined> {
    const entry = this.#entries.find(one => one.user === user);
    return entry && same(entry.token, password) ? { user: entry.user, role: entry.role } : undefined;
  }

  /** For the API: who a bearer token belongs to. */
  caller(token: string): Caller | undefined {
    const entry = this.#entries.find(one => same(one.token, token));
    if (!entry || entry.role === 'node') return undefined;
    return { user: entry.user, role: entry.role as Caller['role'] };
  }
}

/** Reads the credentials of a home, or makes them with mode 0600. */
export async function openCredentials(paths: HomePaths): Promise<Credentials> {
  const known = await readCredentials(paths);
  if (known) return known;
  const entries = USERS.map(({ user, role }) => ({ user, role, token: randomBytes(24).toString('base64url') }));
  await writeFileAtomic(paths.credentials, `${JSON.stringify(entries, null, 2)}\n`, { mode: 0o600 });
  return new Credentials(entries);
}

/** The credentials of a home, or undefined when it has none yet. */
export async function readCredentials(paths: HomePaths): Promise<Credentials | undefined> {
  const text = await readFileIfExists(paths.credentials);
  if (text === undefined) return undefined;
  try {
    return new Credentials(JSON.parse(text) as Entry[]);
  } catch (error) {
    throw new DarumaError('STORE_DAMAGED', `${paths.credentials} is not JSON`, {
      hint: 'remove it to get new credentials at the next start',
      cause: error,
    });
  }
}

function same(expected: string, given: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(expected), hash(given));
}
