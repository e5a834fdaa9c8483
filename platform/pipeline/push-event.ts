// What a push says about itself: its subject, whether it wants no run, whether it was told before.
import type { PushEvent } from './contract.ts';

export function subjectOf(push: PushEvent): string {
  return push.commits.find(({ sha }) => sha === push.after)?.subject ?? push.commits[0]?.subject ?? '';
}

export function startsNothing(push: PushEvent): boolean {
  return /^0+$/.test(push.after) || /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]/.test(subjectOf(push));
}

export function isSamePush(one: PushEvent, other: PushEvent): boolean {
  return (['repository', 'ref', 'before', 'after'] as const).every(key => one[key] === other[key]);
}
