// The metadata that the server alone sets: identity, times and names.
import { randomInt, randomUUID } from 'node:crypto';
import type { KindObject } from '../../kinds/index.ts';

// apimachinery's rand.String: no vowels and nothing that looks like a vowel.
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const NAME_LIMIT = 63;
const SUFFIX_LENGTH = 5;

/** An RFC 3339 time in whole seconds, as metav1.Time is written. */
export const rfc3339 = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** apiserver/pkg/storage/names: the base cut to 58 characters and five random ones. */
export function generatedName(base: string): string {
  let suffix = '';
  for (let index = 0; index < SUFFIX_LENGTH; index++) suffix += ALPHABET[randomInt(ALPHABET.length)];
  return base.slice(0, NAME_LIMIT - SUFFIX_LENGTH) + suffix;
}

/** Mutates a new object's metadata (rest.FillObjectMetaSystemFields and BeforeCreate). */
export function fillNewMetadata(object: KindObject, now: Date): void {
  const { metadata } = object;
  delete metadata['deletionTimestamp'];
  delete metadata['deletionGracePeriodSeconds'];
  delete metadata['resourceVersion'];
  metadata['creationTimestamp'] = rfc3339(now);
  metadata['uid'] = randomUUID();
}

/** Mutates the metadata of an update so that what clients may not change comes back (rest.BeforeUpdate). */
export function restoreMetadata(next: KindObject, previous: KindObject): void {
  const { metadata } = next;
  const old = previous.metadata;
  if (!metadata['uid']) metadata['uid'] = old['uid'];
  metadata['creationTimestamp'] = old['creationTimestamp'];
  if (old['deletionTimestamp']) metadata['deletionTimestamp'] = old['deletionTimestamp'];
  if (old['deletionGracePeriodSeconds'] !== undefined && metadata['deletionGracePeriodSeconds'] === undefined)
    metadata['deletionGracePeriodSeconds'] = old['deletionGracePeriodSeconds'];
}
