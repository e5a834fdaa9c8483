// Deletes everything in a namespace and counts what is still there: pods first, the rest once they are gone.
import { messageOf } from '../../../core/index.ts';
import type { KubeClient, KubeObject } from '../../../kube/index.ts';
import { isNotFound } from '../../controller-runtime/index.ts';
import type { ServedResource } from '../catalogue.ts';

export interface NamespaceContent {
  /** `resource` is `plural.group`, with a dot at its end for the core group. */
  remaining: { resource: string; count: number }[];
  /** Finalizer → how many objects carry it. */
  finalizers: Map<string, number>;
  failures: string[];
}

const AT_ONCE = 8;

export async function emptyNamespace(client: KubeClient, namespace: string, served: ServedResource[]): Promise<NamespaceContent> {
  const content: NamespaceContent = { remaining: [], finalizers: new Map(), failures: [] };
  const resources = served.filter(({ namespaced, verbs }) => namespaced && verbs.includes('delete') && verbs.includes('list'));
  const isPods = ({ group, plural }: ServedResource) => group === '' && plural === 'pods';
  const pods = resources.find(isPods);
  if (pods) await emptyResource(client, namespace, { resource: pods, content });
  if (content.remaining.length > 0) return content;
  const waiting = resources.filter(resource => !isPods(resource));
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let resource = waiting.shift(); resource; resource = waiting.shift())
        await emptyResource(client, namespace, { resource, content });
    }),
  );
  content.remaining.sort((a, b) => (a.resource < b.resource ? -1 : 1));
  return content;
}

async function emptyResource(
  client: KubeClient,
  namespace: string,
  { resource, content }: { resource: ServedResource; content: NamespaceContent },
): Promise<void> {
  const { apiVersion, kind, plural, group } = resource;
  try {
    const before = await client.list({ apiVersion, kind }, { namespace });
    if (before.items.length === 0) return;
    await deleteAll(client, namespace, { resource, items: before.items });
    const { items } = await client.list({ apiVersion, kind }, { namespace });
    if (items.length === 0) return;
    content.remaining.push({ resource: `${plural}.${group}`, count: items.length });
    for (const { metadata } of items)
      for (const finalizer of metadata.finalizers ?? [])
        content.finalizers.set(finalizer, (content.finalizers.get(finalizer) ?? 0) + 1);
  } catch (error) {
    // A kind that is no longer served holds nothing.
    if (!isNotFound(error)) content.failures.push(`${plural}.${group}: ${messageOf(error)}`);
  }
}

async function deleteAll(
  client: KubeClient,
  namespace: string,
  { resource, items }: { resource: ServedResource; items: KubeObject[] },
): Promise<void> {
  const { apiVersion, kind, plural, group, verbs } = resource;
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
  if (verbs.includes('deletecollection')) {
    const root = group === '' ? 'api' : 'apis';
    await client.raw('DELETE', `/${root}/${apiVersion}/namespaces/${encodeURIComponent(namespace)}/${plural}`, { body });
    return;
  }
  for (const { metadata } of items)
    await client.delete({ apiVersion, kind, namespace, name: metadata.name ?? '' }, { propagationPolicy: 'Background' });
}
