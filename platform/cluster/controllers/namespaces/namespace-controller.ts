// Empties namespaces that are being deleted, tells what still holds them, and lets them go.
import { messageOf } from '../../../core/index.ts';
import {
  type Condition,
  type ControllerHost,
  canonical,
  conditionOf,
  isNotFound,
  type Namespace,
  objectKey,
  timestamp,
  withCondition,
} from '../../controller-runtime/index.ts';
import type { Catalogue } from '../catalogue.ts';
import { emptyNamespace, type NamespaceContent } from './namespace-content.ts';

const FINALIZER = 'kubernetes';
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 5_000;

export function runNamespaceController(host: ControllerHost, catalogue: Catalogue): void {
  const namespaces = host.caches.of<Namespace>({ apiVersion: 'v1', kind: 'Namespace' });
  const pods = host.caches.of({ apiVersion: 'v1', kind: 'Pod' });
  const looks = new Map<string, number>();
  const queue = host.queue({ name: 'namespace-controller', sync, concurrency: 4 });

  namespaces.onChange((next, previous) => {
    if (next?.metadata.deletionTimestamp) queue.add(objectKey(next));
    else if (previous && !next) looks.delete(objectKey(previous));
  });
  // Pods take longest to go; the last one is not waited for by the clock.
  pods.onChange((next, previous) => {
    const name = previous?.metadata.namespace ?? '';
    if (!next && namespaces.getByKey(name)?.metadata.deletionTimestamp && pods.list(name).length === 0) queue.add(name);
  });

  async function sync(name: string): Promise<number | undefined> {
    const namespace = namespaces.getByKey(name);
    if (!namespace?.metadata.deletionTimestamp || !namespace.spec?.finalizers?.includes(FINALIZER)) return;
    let content: NamespaceContent;
    try {
      content = await emptyNamespace(host.client, name, await catalogue.resources());
    } catch (error) {
      await tell(namespace, { remaining: [], finalizers: new Map(), failures: [messageOf(error)] });
      throw error;
    }
    if (content.remaining.length === 0 && content.failures.length === 0) return finalize(namespace);
    await tell(namespace, content);
    const look = looks.get(name) ?? 0;
    looks.set(name, look + 1);
    return Math.min(FIRST_LOOK_MS * 2 ** look, LAST_LOOK_MS);
  }

  async function finalize(namespace: Namespace): Promise<undefined> {
    const finalizers = (namespace.spec?.finalizers ?? []).filter(finalizer => finalizer !== FINALIZER);
    try {
      await namespaces.update({ ...namespace, spec: { ...namespace.spec, finalizers } }, { subresource: 'finalize' });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }

  async function tell(namespace: Namespace, content: NamespaceContent): Promise<void> {
    const now = timestamp(host.clock);
    let conditions = namespace.status?.conditions ?? [];
    for (const condition of conditionsOf(content)) {
      const current = conditionOf(conditions, condition.type);
      const { lastTransitionTime: _, ...told } = current ?? {};
      if (canonical(told) !== canonical(condition))
        conditions = withCondition(conditions, { ...condition, lastTransitionTime: now });
    }
    if (conditions === namespace.status?.conditions) return;
    await namespaces.update({ ...namespace, status: { phase: 'Terminating', conditions } }, { subresource: 'status' });
  }
}

/** In kube-controller-manager's words (pkg/controller/namespace/deletion/status_condition_utils.go). */
function conditionsOf({ remaining, finalizers, failures }: NamespaceContent): Condition[] {
  const condition = (type: string, problem: [string, string] | undefined, [reason, message]: [string, string]): Condition =>
    problem ? { type, status: 'True', reason: problem[0], message: problem[1] } : { type, status: 'False', reason, message };
  const resources = remaining.map(({ resource, count }) => `${resource} has ${count} resource instances`);
  const held = [...finalizers]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, count]) => `${name} in ${count} resource instances`);
  return [
    condition('NamespaceDeletionDiscoveryFailure', undefined, ['ResourcesDiscovered', 'All resources successfully discovered']),
    condition('NamespaceDeletionGroupVersionParsingFailure', undefined, [
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ]),
    condition(
      'NamespaceDeletionContentFailure',
      failures.length > 0
        ? ['ContentDeletionFailed', `Failed to delete all resource types, ${failures.length} remaining: ${failures.join(', ')}`]
        : undefined,
      ['ContentDeleted', 'All content successfully deleted, may be waiting on finalization'],
    ),
    condition(
      'NamespaceContentRemaining',
      resources.length > 0 ? ['SomeResourcesRemain', `Some resources are remaining: ${resources.join(', ')}`] : undefined,
      ['ContentRemoved', 'All content successfully removed'],
    ),
    condition(
      'NamespaceFinalizersRemaining',
      held.length > 0
        ? ['SomeFinalizersRemain', `Some content in the namespace has finalizers remaining: ${held.join(', ')}`]
        : undefined,
      ['ContentHasNoFinalizers', 'All content-preserving finalizers finished'],
    ),
  ];
}
