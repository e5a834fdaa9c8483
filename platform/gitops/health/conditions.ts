// Kinds without a rule of their own: judged by the conditions that most controllers write (kstatus), and only by those.
import type { KubeObject } from '../../kube/index.ts';
import type { Health } from './index.ts';

export interface StatusCondition {
  type?: string;
  status?: string;
  reason?: string;
  message?: string;
}

export function conditionsOf(object: KubeObject): StatusCondition[] {
  const { conditions } = (object.status ?? {}) as { conditions?: unknown };
  return Array.isArray(conditions) ? (conditions as StatusCondition[]) : [];
}

/** Undefined when the object says nothing about itself. */
export function conditionHealth(object: KubeObject): Health | undefined {
  const conditions = conditionsOf(object);
  const { observedGeneration } = (object.status ?? {}) as { observedGeneration?: number };
  const { generation } = object.metadata;
  if (conditions.length > 0 && typeof observedGeneration === 'number' && generation && observedGeneration < generation)
    return { status: 'Progressing', message: `waiting for generation ${generation} to be observed` };
  const find = (type: string) => conditions.find(condition => condition.type === type);
  const stalled = find('Stalled');
  if (stalled?.status === 'True') return { status: 'Degraded', ...messageFrom(stalled) };
  const reconciling = find('Reconciling');
  if (reconciling?.status === 'True') return { status: 'Progressing', ...messageFrom(reconciling) };
  const ready = find('Ready') ?? find('Available');
  if (!ready) return undefined;
  if (ready.status === 'True') return { status: 'Healthy', ...messageFrom(ready) };
  return { status: ready.status === 'False' ? 'Degraded' : 'Progressing', ...messageFrom(ready) };
}

export function messageFrom(condition: StatusCondition | undefined): { message?: string } {
  const message = condition?.message || condition?.reason;
  return message ? { message } : {};
}
