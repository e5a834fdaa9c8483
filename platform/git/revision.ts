// What a revision means: branch, tag, semver range or SHA, in the order that `Repositories.resolve` tells.
import fs from 'node:fs';
import isomorphic from 'isomorphic-git';
import semver from 'semver';
import { DarumaError } from '../core/index.ts';
import { tryGit } from './git-command.ts';

const SHA = /^[0-9a-f]{7,40}$/;

async function refTarget(gitdir: string, ref: string): Promise<string | undefined> {
  return isomorphic.resolveRef({ fs, gitdir, ref }).catch(() => undefined);
}

/** The commit behind an object: tags are followed. */
async function peel(gitdir: string, oid: string): Promise<string | undefined> {
  for (let object = oid; ; ) {
    const read = await isomorphic.readObject({ fs, gitdir, oid: object, format: 'parsed' }).catch(() => undefined);
    if (read?.type === 'commit') return object;
    if (read?.type !== 'tag') return undefined;
    object = (await isomorphic.readTag({ fs, gitdir, oid: object })).tag.object;
  }
}

/** The highest version among the tags that satisfies a range; pre-releases only when the range names one. */
async function newestInRange(gitdir: string, range: string): Promise<string | undefined> {
  if (semver.validRange(range) === null) return undefined;
  const tags = (await isomorphic.listTags({ fs, gitdir })).filter(tag => semver.valid(tag) !== null);
  const tag = semver.maxSatisfying(tags, range);
  return tag === null ? undefined : refTarget(gitdir, `refs/tags/${tag}`);
}

export async function resolveRevision(gitdir: string, name: string, revision: string): Promise<string> {
  const safe = /^[^\0-\x20\x7f]+$/.test(revision) && !revision.startsWith('-') && !revision.includes('..');
  const candidates =
    revision.startsWith('refs/') || revision === 'HEAD' ? [revision] : [`refs/heads/${revision}`, `refs/tags/${revision}`];
  if (safe) {
    for (const ref of candidates) {
      const oid = await refTarget(gitdir, ref);
      // Git lets a branch point at nothing but a commit.
      const commit = oid && (ref.startsWith('refs/heads/') ? oid : await peel(gitdir, oid));
      if (commit) return commit;
    }
    if (SHA.test(revision)) {
      const { code, stdout } = await tryGit(['--git-dir', gitdir, 'rev-parse', '--verify', '--quiet', `${revision}^{commit}`]);
      if (code === 0) return stdout.trim();
    }
  }
  const inRange = revision === '' ? undefined : await newestInRange(gitdir, revision);
  const commit = inRange && (await peel(gitdir, inRange));
  if (commit) return commit;
  throw new DarumaError('NOT_FOUND', `${name} has no branch, tag, version or commit "${revision}"`, {
    hint: 'git ls-remote shows the branches and tags that there are',
    data: { repository: name, revision },
  });
}
