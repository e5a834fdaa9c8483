// Templates of StatefulSets and DaemonSets kept as ControllerRevisions, so that `kubectl rollout history` and `undo` work.
import type { KubeObject } from '../../../kube/index.ts';
import {
  type ControllerHost,
  canonical,
  claim,
  controllerReference,
  isAlreadyExists,
  type LabelSelector,
  type ObjectCache,
  type PodTemplate,
  selectorMatches,
  templateHash,
} from '../../controller-runtime/index.ts';

/** On the pods of both kinds, and on the revisions of a DaemonSet. */
export const REVISION_HASH = 'controller-revision-hash';
const STATEFUL_SET_HASH = 'controller.kubernetes.io/hash';

export interface ControllerRevision extends KubeObject {
  data: { spec: { template: unknown } };
  revision: number;
}

/** What a revisioned kind shares with the other one. */
export interface Revisioned extends KubeObject {
  spec: { selector: LabelSelector; template: PodTemplate; revisionHistoryLimit?: number };
  status?: { collisionCount?: number };
}

export function revisionCache(host: ControllerHost): ObjectCache<ControllerRevision> {
  return host.caches.of<ControllerRevision>({ apiVersion: 'apps/v1', kind: 'ControllerRevision' });
}

function dataOf(owner: Revisioned): ControllerRevision['data'] {
  return { spec: { template: { $patch: 'replace', ...owner.spec.template } } };
}

/** The template that a revision holds. */
export function templateOf(revision: ControllerRevision): PodTemplate {
  const { $patch: _, ...template } = revision.data.spec.template as PodTemplate & { $patch?: string };
  return template;
}

/** All revisions of `owner`, oldest first. */
export async function ownedRevisions(owner: Revisioned, cache: ObjectCache<ControllerRevision>): Promise<ControllerRevision[]> {
  const owned = await claim(owner, cache, {
    matches: revision => selectorMatches(owner.spec.selector, revision.metadata.labels),
  });
  return owned.sort((a, b) => a.revision - b.revision || (a.metadata.name ?? '').localeCompare(b.metadata.name ?? ''));
}

/** The revision of the present template: made when missing, raised to the newest when an old one is taken up again. */
export async function currentRevision(
  owner: Revisioned,
  cache: ObjectCache<ControllerRevision>,
  revisions: ControllerRevision[],
): Promise<ControllerRevision> {
  const data = dataOf(owner);
  const wanted = canonical(data);
  const equal = revisions.filter(revision => canonical(revision.data) === wanted).at(-1);
  const newest = revisions.at(-1);
  const revision = (newest?.revision ?? 0) + 1;
  if (equal) return equal === newest ? equal : cache.update({ ...equal, revision });
  return create(owner, cache, { data, revision, collisionCount: owner.status?.collisionCount ?? 0 });
}

async function create(
  owner: Revisioned,
  cache: ObjectCache<ControllerRevision>,
  { data, revision, collisionCount }: { data: ControllerRevision['data']; revision: number; collisionCount: number },
): Promise<ControllerRevision> {
  const hash = templateHash(data, collisionCount);
  const name = `${owner.metadata.name}-${hash}`;
  try {
    return await cache.create({
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace: owner.metadata.namespace ?? '',
        labels: {
          ...owner.spec.template.metadata?.labels,
          [owner.kind === 'StatefulSet' ? STATEFUL_SET_HASH : REVISION_HASH]: hash,
        },
        ...(owner.metadata.annotations ? { annotations: withoutLastApplied(owner.metadata.annotations) } : {}),
        ownerReferences: [controllerReference(owner)],
      },
      data,
      revision,
    });
  } catch (error) {
    if (!isAlreadyExists(error) || collisionCount > 20) throw error;
    return create(owner, cache, { data, revision, collisionCount: collisionCount + 1 });
  }
}

function withoutLastApplied({ 'kubectl.kubernetes.io/last-applied-configuration': _, ...annotations }: Record<string, string>) {
  return annotations;
}

/** Deletes the oldest revisions that nothing uses, beyond the history limit. */
export async function dropRevisions(
  owner: Revisioned,
  cache: ObjectCache<ControllerRevision>,
  { revisions, isLive }: { revisions: ControllerRevision[]; isLive(revision: ControllerRevision): boolean },
): Promise<void> {
  const unused = revisions.filter(revision => !isLive(revision));
  const surplus = unused.length - (owner.spec.revisionHistoryLimit ?? 10);
  for (const revision of unused.slice(0, Math.max(0, surplus))) await cache.delete(revision);
}
