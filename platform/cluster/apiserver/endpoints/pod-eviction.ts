// Evicts a pod: a deletion that PodDisruptionBudgets may refuse.
import type { KindObject } from '../../kinds/index.ts';
import { labelSelectorFrom, matchesLabels } from '../../schema/index.ts';
import type { StoredObject } from '../../store/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { respondDocument } from '../encoding/respond.ts';
import { deleteObject } from '../registry/delete.ts';
import { keyOf, type ServedResource } from '../registry/served-resource.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { badRequest, internalError, notFound, tooManyRequests } from '../status-error.ts';
import { readBody } from './review-body.ts';

interface BudgetStatus {
  disruptionsAllowed?: number;
  observedGeneration?: number;
  currentHealthy?: number;
  desiredHealthy?: number;
  disruptedPods?: Record<string, string>;
}

const COLLECTION = 'policy/poddisruptionbudgets';

function budgetsOf(parts: ApiParts, pod: KindObject, namespace: string): StoredObject[] {
  const labels = pod.metadata['labels'] as Record<string, string> | undefined;
  return parts.store
    .list(COLLECTION, namespace)
    .map(({ object }) => object)
    .filter(budget => {
      const selector = (budget['spec'] as { selector?: Record<string, unknown> } | undefined)?.selector;
      return selector !== undefined && matchesLabels(labelSelectorFrom(selector), labels);
    });
}

function isHealthy(pod: KindObject): boolean {
  const conditions = (pod['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? [];
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** Pods that do no work are evicted whatever budgets say. */
function needsNoBudget(pod: KindObject): boolean {
  const phase = (pod['status'] as { phase?: string } | undefined)?.phase;
  return phase === 'Succeeded' || phase === 'Failed' || phase === 'Pending' || pod.metadata['deletionTimestamp'] !== undefined;
}

/** Takes one disruption from the budget. @throws StatusError 429 */
function spend(parts: ApiParts, context: RequestContext, budget: StoredObject, pod: KindObject, dryRun: boolean): void {
  const status = (budget['status'] ?? {}) as BudgetStatus;
  const spec = budget['spec'] as { unhealthyPodEvictionPolicy?: string };
  const healthy = isHealthy(pod);
  if (!healthy && spec.unhealthyPodEvictionPolicy === 'AlwaysAllow') return;
  if (!healthy && (status.currentHealthy ?? 0) >= (status.desiredHealthy ?? 0) && (status.desiredHealthy ?? 0) > 0) return;
  const { name } = budget.metadata;
  if ((status.observedGeneration ?? 0) < Number(budget.metadata['generation'] ?? 0)) {
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 10, [
      { reason: 'DisruptionBudget', message: `The disruption budget ${name} is still being processed by the server.` },
    ]);
  }
  if ((status.disruptionsAllowed ?? 0) <= 0) {
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", undefined, [
      {
        reason: 'DisruptionBudget',
        message: `The disruption budget ${name} needs ${status.desiredHealthy ?? 0} healthy pods and has ${status.currentHealthy ?? 0} currently`,
      },
    ]);
  }
  if (dryRun) return;
  const disruptedPods = { ...status.disruptedPods, [String(pod.metadata['name'])]: rfc3339(context.now) };
  const next = structuredClone(budget);
  next['status'] = { ...status, disruptionsAllowed: (status.disruptionsAllowed ?? 0) - 1, disruptedPods };
  parts.store.put({ collection: COLLECTION, namespace: String(budget.metadata.namespace), name }, next);
}

export async function evictPod(parts: ApiParts, context: RequestContext, resource: ServedResource): Promise<ApiResponse> {
  const { namespace, name } = context.info;
  const body = await readBody(context, { group: 'policy', version: 'v1', kind: 'Eviction' });
  const given = body.metadata['name'];
  if (given && given !== name) throw badRequest(`name in URL does not match name in Eviction object`);
  const record = parts.store.get(keyOf(resource, namespace, name));
  if (!record) throw notFound(resource.name, name);
  const pod = record.object as KindObject;
  const options = (body['deleteOptions'] ?? {}) as {
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string };
    dryRun?: string[];
  };
  const dryRun = context.audit.dryRun === true || (options.dryRun ?? []).includes('All');
  if (!needsNoBudget(pod)) {
    const budgets = budgetsOf(parts, pod, namespace);
    if (budgets.length > 1)
      throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
    for (const budget of budgets) spend(parts, context, budget, pod, dryRun);
  }
  deleteObject(parts, { context, resource, namespace, name, options: { ...options, dryRun } });
  await parts.store.durable();
  return respondDocument(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201);
}
