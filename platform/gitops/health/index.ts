// Health of objects by Argo CD's rules (gitops-engine as of argo-cd 3.2, pkg/health), and of an application as the worst of its objects.
import type { HealthState } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { ARGO_API, groupKindOf } from '../model/index.ts';
import { conditionHealth } from './conditions.ts';
import { healthRules } from './rules.ts';

export interface Health {
  status: HealthState;
  message?: string;
}

const WORST: HealthState[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];

/** Undefined for kinds that have no health: a ConfigMap, say. */
export function healthOf(object: KubeObject): Health | undefined {
  const hook = object.metadata.annotations?.['argocd.argoproj.io/hook'];
  if (object.metadata.deletionTimestamp && !hook) return { status: 'Progressing', message: 'Pending deletion' };
  const rule = healthRules[groupKindOf(object)];
  if (rule) return rule(object);
  // An application of applications does not wait for those below it, as in Argo CD since 1.8.
  if (object.apiVersion === ARGO_API) return undefined;
  return conditionHealth(object);
}

/** The worst of all; Healthy when there is none. `ignore-healthcheck` objects do not count. */
export function worstHealth(healths: Iterable<Health | undefined>): HealthState {
  let worst = 0;
  for (const health of healths) if (health) worst = Math.max(worst, WORST.indexOf(health.status));
  return WORST[worst] ?? 'Healthy';
}

/** True when the object's health does not count for its application. */
export function isHealthIgnored(object: KubeObject): boolean {
  return object.metadata.annotations?.['argocd.argoproj.io/ignore-healthcheck'] === 'true';
}
