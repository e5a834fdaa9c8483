// Short hashes of templates, spelt in the letters that Kubernetes uses so that they can never form a word.
import { createHash } from 'node:crypto';

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Ten letters. The order of an object's keys does not matter, nor do keys without a value. */
export function templateHash(template: unknown, collisionCount?: number): string {
  const digest = createHash('sha256')
    .update(canonical(template))
    .update(String(collisionCount ?? ''))
    .digest();
  let hash = '';
  for (const byte of digest.subarray(0, 10)) hash += LETTERS[byte % LETTERS.length];
  return hash;
}

/** JSON with sorted keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined && member !== null)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join(',')}}`;
}
