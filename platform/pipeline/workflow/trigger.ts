// Decides whether a push starts a workflow: branch and tag patterns as GitHub reads them.
import picomatch from 'picomatch';
import type { PushTrigger } from './model.ts';

/** In order: a later pattern wins, `!` takes back. `*` stays within one path segment. */
function matches(patterns: readonly string[], name: string): boolean {
  let matched = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith('!');
    if (picomatch.isMatch(name, negated ? pattern.slice(1) : pattern, { dot: true })) matched = !negated;
  }
  return matched;
}

export function isTriggered(push: PushTrigger | undefined, ref: string): boolean {
  if (!push) return false;
  const [, kind, name = ''] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? [];
  if (!kind) return false;
  const [only, ignored, otherOnly, otherIgnored] =
    kind === 'heads'
      ? [push.branches, push.branchesIgnore, push.tags, push.tagsIgnore]
      : [push.tags, push.tagsIgnore, push.branches, push.branchesIgnore];
  if (only) return matches(only, name);
  if (ignored) return !matches(ignored, name);
  return !otherOnly && !otherIgnored;
}
