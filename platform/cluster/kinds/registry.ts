// All built-in kinds: their facts from discovery, joined with the rules of each. Built at the first question for each kind.
import {
  admissionBindingRules,
  admissionPolicyRules,
  mutatingWebhookRules,
  validatingWebhookRules,
} from './admission/admission.ts';
import { controllerRevisionRules, daemonSetRules, replicationControllerRules } from './apps/daemon-set.ts';
import { deploymentRules, replicaSetRules } from './apps/deployment.ts';
import { statefulSetRules } from './apps/stateful-set.ts';
import { autoscalerRules } from './autoscaling/autoscaler.ts';
import { oldAutoscalerRules } from './autoscaling/conversion.ts';
import { cronJobRules } from './batch/cron-job.ts';
import { jobRules } from './batch/job.ts';
import { endpointsRules, limitRangeRules, quotaRules, serviceAccountRules } from './core/accounts-and-limits.ts';
import { componentStatusRules, namespaceRules, nodeRules } from './core/cluster.ts';
import { configMapRules, secretRules } from './core/config.ts';
import { coreEventRules, newEventRules } from './core/events.ts';
import { serviceRules } from './core/service-rules.ts';
import { claimRules, volumeRules } from './core/storage.ts';
import { definitionRules } from './crd/definition.ts';
import { buildStrategy, type KindRules, type ResourceFacts } from './kind-rules.ts';
import { ingressClassRules, ingressRules } from './networking/ingress.ts';
import { endpointSliceRules, ipAddressRules, networkPolicyRules, serviceCidrRules } from './networking/policy.ts';
import { podRules, podTemplateRules } from './pods/pod.ts';
import { disruptionBudgetRules } from './policy/disruption-budget.ts';
import { clusterRoleBindingRules, clusterRoleRules, namespacedRoleRules, roleBindingRules } from './rbac/rbac.ts';
import { resourceFacts } from './resource-facts.ts';
import {
  csiDriverRules,
  csiNodeRules,
  storageClassRules,
  volumeAttachmentRules,
  volumeAttributesClassRules,
} from './storage/classes.ts';
import type { KindStrategy } from './strategy.ts';
import { flowSchemaRules, priorityLevelRules } from './system/flow-control.ts';
import {
  apiServiceRules,
  certificateRequestRules,
  leaseRules,
  priorityClassRules,
  runtimeClassRules,
} from './system/leases-and-classes.ts';
import {
  deviceClassRules,
  resourceClaimRules,
  resourceClaimTemplateRules,
  resourceSliceRules,
} from './system/resource-claims.ts';

// By `group/version/resource`, as discovery names them; the core group is empty.
const rules: Record<string, KindRules> = {
  '/v1/componentstatuses': componentStatusRules,
  '/v1/configmaps': configMapRules,
  '/v1/endpoints': endpointsRules,
  '/v1/events': coreEventRules,
  '/v1/limitranges': limitRangeRules,
  '/v1/namespaces': namespaceRules,
  '/v1/nodes': nodeRules,
  '/v1/persistentvolumeclaims': claimRules,
  '/v1/persistentvolumes': volumeRules,
  '/v1/pods': podRules,
  '/v1/podtemplates': podTemplateRules,
  '/v1/replicationcontrollers': replicationControllerRules,
  '/v1/resourcequotas': quotaRules,
  '/v1/secrets': secretRules,
  '/v1/serviceaccounts': serviceAccountRules,
  '/v1/services': serviceRules,
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': mutatingWebhookRules,
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': admissionPolicyRules,
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': admissionBindingRules,
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': validatingWebhookRules,
  'apiextensions.k8s.io/v1/customresourcedefinitions': definitionRules,
  'apiregistration.k8s.io/v1/apiservices': apiServiceRules,
  'apps/v1/controllerrevisions': controllerRevisionRules,
  'apps/v1/daemonsets': daemonSetRules,
  'apps/v1/deployments': deploymentRules,
  'apps/v1/replicasets': replicaSetRules,
  'apps/v1/statefulsets': statefulSetRules,
  'autoscaling/v1/horizontalpodautoscalers': oldAutoscalerRules,
  'autoscaling/v2/horizontalpodautoscalers': autoscalerRules,
  'batch/v1/cronjobs': cronJobRules,
  'batch/v1/jobs': jobRules,
  'certificates.k8s.io/v1/certificatesigningrequests': certificateRequestRules,
  'coordination.k8s.io/v1/leases': leaseRules,
  'discovery.k8s.io/v1/endpointslices': endpointSliceRules,
  'events.k8s.io/v1/events': newEventRules,
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': flowSchemaRules,
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': priorityLevelRules,
  'networking.k8s.io/v1/ingressclasses': ingressClassRules,
  'networking.k8s.io/v1/ingresses': ingressRules,
  'networking.k8s.io/v1/ipaddresses': ipAddressRules,
  'networking.k8s.io/v1/networkpolicies': networkPolicyRules,
  'networking.k8s.io/v1/servicecidrs': serviceCidrRules,
  'node.k8s.io/v1/runtimeclasses': runtimeClassRules,
  'policy/v1/poddisruptionbudgets': disruptionBudgetRules,
  'rbac.authorization.k8s.io/v1/clusterrolebindings': clusterRoleBindingRules,
  'rbac.authorization.k8s.io/v1/clusterroles': clusterRoleRules,
  'rbac.authorization.k8s.io/v1/rolebindings': roleBindingRules,
  'rbac.authorization.k8s.io/v1/roles': namespacedRoleRules,
  'resource.k8s.io/v1/deviceclasses': deviceClassRules,
  'resource.k8s.io/v1/resourceclaims': resourceClaimRules,
  'resource.k8s.io/v1/resourceclaimtemplates': resourceClaimTemplateRules,
  'resource.k8s.io/v1/resourceslices': resourceSliceRules,
  'scheduling.k8s.io/v1/priorityclasses': priorityClassRules,
  'storage.k8s.io/v1/csidrivers': csiDriverRules,
  'storage.k8s.io/v1/csinodes': csiNodeRules,
  'storage.k8s.io/v1/storageclasses': storageClassRules,
  'storage.k8s.io/v1/volumeattachments': volumeAttachmentRules,
  'storage.k8s.io/v1/volumeattributesclasses': volumeAttributesClassRules,
};

const keyOf = ({ group, version, resource }: ResourceFacts): string => `${group}/${version}/${resource}`;

// Read and built once: they are facts, not state.
let catalogue: { byResource: Map<string, ResourceFacts>; byKind: Map<string, ResourceFacts> } | undefined;
const built = new Map<string, KindStrategy>();

function known(): NonNullable<typeof catalogue> {
  if (!catalogue) {
    const facts = resourceFacts();
    catalogue = {
      byResource: new Map(facts.map(fact => [keyOf(fact), fact])),
      byKind: new Map(facts.map(fact => [`${fact.group}/${fact.version}/${fact.kind}`, fact])),
    };
  }
  return catalogue;
}

function strategyOf(fact: ResourceFacts | undefined): KindStrategy | undefined {
  if (!fact) return undefined;
  const key = keyOf(fact);
  let strategy = built.get(key);
  if (!strategy) {
    strategy = buildStrategy(fact, rules[key] ?? {});
    built.set(key, strategy);
  }
  return strategy;
}

/** The strategy of a built-in resource, by its plural; undefined when there is none. The same object at every call. */
export function strategyFor(group: string, version: string, resource: string): KindStrategy | undefined {
  return strategyOf(known().byResource.get(`${group}/${version}/${resource}`));
}

/** The strategy of a built-in resource, by its kind. */
export function strategyForKind(group: string, version: string, kind: string): KindStrategy | undefined {
  return strategyOf(known().byKind.get(`${group}/${version}/${kind}`));
}

/** Every built-in resource, in discovery's order. */
export function allStrategies(): KindStrategy[] {
  return [...known().byResource.values()].flatMap(fact => strategyOf(fact) ?? []);
}
