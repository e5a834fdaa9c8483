// The plugins that are on, in the order in which kube-apiserver runs them.
import type { Store } from '../../store/index.ts';
import type { RbacAuthorizer } from '../authorization/rbac-authorizer.ts';
import type { AdmissionPlugin } from './admission-chain.ts';
import { defaultTolerations } from './default-tolerations.ts';
import { checkEscalation } from './escalation.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { podPriority } from './pod-priority.ts';
import { resourceQuota } from './resource-quota.ts';
import { serviceAccountAdmission } from './service-account.ts';
import { storageProtection } from './storage-protection.ts';

interface PluginParts {
  /** Judges by ValidatingAdmissionPolicies. */
  policies: AdmissionPlugin;
  store: Store;
  authorizer: RbacAuthorizer;
  /** Whether pods get a service account and its token. */
  serviceAccounts: boolean;
}

export function admissionPlugins({ store, authorizer, serviceAccounts, policies }: PluginParts): AdmissionPlugin[] {
  return [
    namespaceLifecycle(store),
    { mutate: request => checkEscalation(authorizer, request) },
    limitRanger(store),
    ...(serviceAccounts ? [serviceAccountAdmission(store)] : []),
    podPriority(store),
    defaultTolerations(),
    storageProtection(store),
    policies,
    resourceQuota(store),
  ];
}
