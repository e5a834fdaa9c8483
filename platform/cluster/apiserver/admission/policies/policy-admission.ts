// ValidatingAdmissionPolicies: every write passes the policies that are bound to it (ValidatingAdmissionPolicy plugin).
import type { CompiledPolicy, Expressions, PolicyRequest, ServedKind } from '../../../expressions/index.ts';
import type { KindObject } from '../../../kinds/index.ts';
import type { Store, StoredRecord } from '../../../store/index.ts';
import type { AdmissionRequest } from '../../registry/registry-parts.ts';
import type { ResourceTable } from '../../registry/resource-table.ts';
import { scaleOf } from '../../registry/scale.ts';
import type { ServedResource } from '../../registry/served-resource.ts';
import type { AdmissionPlugin } from '../admission-chain.ts';
import { Findings } from './policy-findings.ts';
import { PolicyMatcher } from './policy-matching.ts';
import { collectParams, PolicyConfigurationError, paramResource } from './policy-params.ts';
import type { BindingSpec, PolicySpec } from './policy-types.ts';

export const POLICIES = 'admissionregistration.k8s.io/validatingadmissionpolicies';
const BINDINGS = 'admissionregistration.k8s.io/validatingadmissionpolicybindings';
const OPTIONS = { create: 'CreateOptions', update: 'UpdateOptions', delete: 'DeleteOptions' } as const;

interface PolicyParts {
  store: Store;
  resources: ResourceTable;
  expressions: Expressions;
}

class PolicyAdmission implements AdmissionPlugin {
  readonly #parts: PolicyParts;
  readonly #matcher: PolicyMatcher;
  readonly #compiled = new Map<string, { revision: number; policy: CompiledPolicy }>();

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    this.#matcher = new PolicyMatcher(parts.store, parts.resources);
  }

  validate(request: AdmissionRequest): void {
    const { store } = this.#parts;
    const policies = store.list(POLICIES);
    this.#forget(policies);
    // The configuration of admission is exempt from it, so that a mistake can be mended.
    if (policies.length === 0 || request.resource.strategy.group === 'admissionregistration.k8s.io') return;
    const bindings = store.list(BINDINGS);
    const findings = new Findings(request);
    for (const record of policies) {
      const bound = bindings.filter(({ object }) => (object['spec'] as unknown as BindingSpec).policyName === record.key.name);
      if (bound.length > 0) this.#decide(record, bound, request, findings);
    }
    findings.conclude();
  }

  #decide(record: StoredRecord, bindings: readonly StoredRecord[], request: AdmissionRequest, findings: Findings): void {
    const spec = record.object['spec'] as unknown as PolicySpec;
    const about = { policy: record.key.name, failurePolicy: spec.failurePolicy ?? 'Fail' };
    const matched = this.#matcher.match(spec.matchConstraints ?? {}, request);
    if (!matched) return;
    let params: ServedResource | undefined;
    try {
      params = spec.paramKind ? paramResource(this.#parts.resources, spec.paramKind) : undefined;
    } catch (error) {
      findings.misconfigured(about, error as Error);
      return;
    }
    for (const { key, object } of bindings) {
      const binding = object['spec'] as unknown as BindingSpec;
      if (binding.matchResources && !this.#matcher.match(binding.matchResources, request)) continue;
      const { namespace } = request;
      try {
        const found = collectParams({ store: this.#parts.store, resource: params, reference: binding.paramRef, namespace });
        if (found.length === 0) continue;
        const verdicts = this.#policy(record).evaluate(this.#requestFor(request, matched, found));
        findings.judge({ ...about, binding: key.name, actions: binding.validationActions ?? [] }, verdicts);
      } catch (error) {
        if (!(error instanceof PolicyConfigurationError)) throw error;
        findings.misconfigured({ ...about, binding: key.name }, error);
      }
    }
  }

  #policy(record: StoredRecord): CompiledPolicy {
    const known = this.#compiled.get(record.key.name);
    if (known?.revision === record.revision) return known.policy;
    known?.policy.release();
    const { apiVersion, kind, metadata, spec } = record.object as KindObject & { spec?: unknown };
    const policy = this.#parts.expressions.policyOf({ apiVersion, kind, metadata: { name: metadata['name'] }, spec });
    this.#compiled.set(record.key.name, { revision: record.revision, policy });
    return policy;
  }

  #forget(policies: readonly StoredRecord[]): void {
    if (this.#compiled.size === 0) return;
    const names = new Set(policies.map(({ key }) => key.name));
    for (const [name, { policy }] of this.#compiled) {
      if (names.has(name)) continue;
      policy.release();
      this.#compiled.delete(name);
    }
  }

  #requestFor(request: AdmissionRequest, matched: ServedResource, params: (object | null)[]): PolicyRequest {
    const { resource, context, subresource, operation, name, namespace, dryRun } = request;
    const { user, info } = context;
    const isScale = subresource === 'scale';
    const as = (obj: KindObject | undefined): KindObject | null => (obj && isScale ? scaleOf(resource, obj) : converted(obj));
    const converted = (obj: KindObject | undefined): KindObject | null =>
      obj === undefined || matched === resource ? (obj ?? null) : matched.strategy.fromStorage(resource.strategy.toStorage(obj));
    const within = resource.strategy.namespaced
      ? this.#parts.store.get({ collection: '/namespaces', namespace: '', name: namespace })
      : undefined;
    const fieldManager = info.query.get('fieldManager');
    return {
      object: as(request.object),
      oldObject: as(request.previous),
      params,
      namespaceObject: within?.object ?? null,
      requested: servedKind(resource, isScale),
      matched: servedKind(matched, isScale),
      subresource,
      operation: operation.toUpperCase() as PolicyRequest['operation'],
      name,
      namespace: resource.collection === '/namespaces' ? name : resource.strategy.namespaced ? namespace : '',
      dryRun,
      options: {
        kind: OPTIONS[operation],
        apiVersion: 'meta.k8s.io/v1',
        ...(dryRun ? { dryRun: ['All'] } : {}),
        ...(fieldManager ? { fieldManager } : {}),
      },
      user: { name: user.name, uid: user.uid ?? '', groups: user.groups, extra: user.extra ?? {} },
    };
  }
}

function servedKind({ strategy }: ServedResource, isScale: boolean): ServedKind {
  const { group, version, kind, resource } = strategy;
  return {
    group,
    version,
    resource,
    kind: isScale ? { group: 'autoscaling', version: 'v1', kind: 'Scale' } : { group, version, kind },
  };
}

export const policyAdmission = (parts: PolicyParts): AdmissionPlugin => new PolicyAdmission(parts);
