// Refs move by compare and swap alone, since the platform's bot and people push at once.
import { setTimeout as delay } from 'node:timers/promises';
import { DarumaError } from '../core/index.ts';
import { git, tryGit } from './git-command.ts';

const LOCK_ATTEMPTS = 20;

export interface RefMove {
  ref: string;
  /** What the ref must point at now; 40 zeros: it must not exist. */
  before: string;
  /** 40 zeros: delete it. */
  after: string;
  /** For the reflog. */
  reason?: string;
}

/** Moves a ref when it is where `before` says. Waits for another's lock. @throws CONFLICT when it is elsewhere. */
export async function moveRef(path: string, { ref, before, after, reason = 'daruma' }: RefMove): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { code, stderr } = await tryGit([
      ...['-c', 'user.name=daruma', '-c', 'user.email=daruma@daruma.internal'],
      ...['--git-dir', path, 'update-ref', '-m', reason, '--', ref, after, before],
    ]);
    if (code === 0) return;
    const locked = /Unable to create .*\.lock/.test(stderr);
    if (!locked && /is at [0-9a-f]+ but expected|already exists|unable to resolve reference|cannot lock ref/.test(stderr)) {
      throw new DarumaError('CONFLICT', `${ref} was moved by somebody else`, { data: { ref, expected: before } });
    }
    if (!locked || attempt === LOCK_ATTEMPTS) throw new Error(`git update-ref failed: ${stderr}`);
    await delay(5 * attempt);
  }
}

/** Refs below a prefix with the object that each points at. */
export async function listRefs(path: string, prefix: string): Promise<Map<string, string>> {
  const text = await git(path, 'for-each-ref', '--format=%(objectname) %(refname)', '--', prefix);
  const refs = new Map<string, string>();
  for (const line of text.split('\n')) if (line) refs.set(line.slice(41), line.slice(0, 40));
  return refs;
}
