// Refs that carry a message beside the commit they point at: the deployments of an application, kept in Git itself.
import fs from 'node:fs';
import isomorphic from 'isomorphic-git';
import { git } from './git-command.ts';
import { moveRef } from './refs.ts';
import { NO_COMMIT } from './repository-names.ts';

export interface AnnotatedRef {
  /** The full name, `refs/daruma/deployed/demo-dev/12`. */
  ref: string;
  /** The commit. */
  target: string;
  /** Free text; JSON by convention. */
  message: string;
  by: string;
  at: Date;
  /** The id of the tag object. */
  object: string;
}

/** @throws CONFLICT when the ref exists. */
export async function createAnnotatedRef(gitdir: string, ref: Omit<AnnotatedRef, 'object'>): Promise<string> {
  const oid = await isomorphic.writeTag({
    fs,
    gitdir,
    tag: {
      object: ref.target,
      type: 'commit',
      tag: ref.ref.slice('refs/'.length),
      tagger: {
        name: ref.by,
        email: `${ref.by}@daruma.internal`,
        timestamp: Math.floor(ref.at.getTime() / 1000),
        timezoneOffset: 0,
      },
      message: ref.message.endsWith('\n') ? ref.message : `${ref.message}\n`,
    },
  });
  await moveRef(gitdir, { ref: ref.ref, before: NO_COMMIT, after: oid, reason: 'deployed' });
  return oid;
}

/** Those below a prefix in natural order: 2 before 10. */
export async function readAnnotatedRefs(gitdir: string, prefix: string): Promise<AnnotatedRef[]> {
  const fields = ['refname', 'objectname', '*objectname', 'taggername', 'taggerdate:unix', 'contents'];
  const format = fields.map(field => `%(${field})`).join('%1f') + '%1e';
  const text = await git(gitdir, 'for-each-ref', `--format=${format}`, '--', prefix);
  const collator = new Intl.Collator('en', { numeric: true });
  return text
    .split('\x1e')
    .map(record => record.trimStart().split('\x1f'))
    .filter(([, object, target]) => object && target)
    .map(([ref = '', object = '', target = '', by = '', seconds = '0', message = '']) => ({
      ...{ ref, object, target, by },
      at: new Date(Number(seconds) * 1000),
      message: message.trimEnd(),
    }))
    .sort((a, b) => collator.compare(a.ref, b.ref));
}
