// Which requests a policy or a binding is about: rules, selectors and equivalent resources, as apiserver's matcher has them.
import { labelSelectorFrom, matchesLabels } from '../../../schema/index.ts';
import type { Store } from '../../../store/index.ts';
import type { AdmissionRequest } from '../../registry/registry-parts.ts';
import type { ResourceTable } from '../../registry/resource-table.ts';
import type { ServedResource } from '../../registry/served-resource.ts';
import type { MatchResources, OperationRule } from './policy-types.ts';

type Labels = Record<string, string> | undefined;

const labelsOf = (object: { metadata: object } | undefined): Labels =>
  (object?.metadata as { labels?: Record<string, string> } | undefined)?.labels;

const isEmpty = (selector: object | undefined): boolean => !selector || Object.keys(selector).length === 0;

/** The namespace of a request; that of a Namespace is itself. */
const namespaceOf = ({ resource, namespace, name }: AdmissionRequest): string =>
  resource.collection === '/namespaces' ? name : resource.strategy.namespaced ? namespace : '';

function matchesNamespace(store: Store, selector: Record<string, unknown> | undefined, request: AdmissionRequest): boolean {
  const namespace = namespaceOf(request);
  if (namespace === '' || isEmpty(selector)) return true;
  const writesIt = request.resource.collection === '/namespaces' && request.subresource === '' && request.operation !== 'delete';
  const labels = writesIt
    ? labelsOf(request.object)
    : labelsOf(store.get({ collection: '/namespaces', namespace: '', name: namespace })?.object);
  return matchesLabels(labelSelectorFrom(selector), labels);
}

function matchesObject(selector: Record<string, unknown> | undefined, { object, previous }: AdmissionRequest): boolean {
  if (isEmpty(selector)) return true;
  const parsed = labelSelectorFrom(selector);
  return [object, previous].some(each => each !== undefined && matchesLabels(parsed, labelsOf(each)));
}

const has = (items: readonly string[] | undefined, wanted: string): boolean =>
  items?.some(item => item === '*' || item === wanted) ?? false;

function matchesRule(rule: OperationRule, { strategy, collection }: ServedResource, request: AdmissionRequest): boolean {
  const clusterWide = collection === '/namespaces' || !strategy.namespaced;
  if (rule.scope === 'Namespaced' && clusterWide) return false;
  if (rule.scope === 'Cluster' && !clusterWide) return false;
  if (!has(rule.operations, request.operation.toUpperCase())) return false;
  if (!has(rule.apiGroups, strategy.group) || !has(rule.apiVersions, strategy.version)) return false;
  if (rule.resourceNames?.length && !rule.resourceNames.includes(request.name)) return false;
  return (rule.resources ?? []).some(each => {
    const [plural, subresource = ''] = each.split('/', 2);
    return (plural === '*' || plural === strategy.resource) && (subresource === '*' || subresource === request.subresource);
  });
}

export class PolicyMatcher {
  readonly #store: Store;
  readonly #resources: ResourceTable;

  constructor(store: Store, resources: ResourceTable) {
    this.#store = store;
    this.#resources = resources;
  }

  /** The resource as which the request is matched (itself or an equivalent); undefined: it is none of the policy's business. */
  match(criteria: MatchResources, request: AdmissionRequest): ServedResource | undefined {
    if (!matchesNamespace(this.#store, criteria.namespaceSelector, request)) return undefined;
    if (!matchesObject(criteria.objectSelector, request)) return undefined;
    if (this.#matchRules(criteria.excludeResourceRules ?? [], criteria.matchPolicy, request)) return undefined;
    const rules = criteria.resourceRules ?? [];
    return rules.length === 0 ? request.resource : this.#matchRules(rules, criteria.matchPolicy, request);
  }

  #matchRules(rules: readonly OperationRule[], policy: string | undefined, request: AdmissionRequest) {
    if (rules.length === 0) return undefined;
    if (rules.some(rule => matchesRule(rule, request.resource, request))) return request.resource;
    if (policy === 'Exact') return undefined;
    return this.#resources.equivalents(request.resource).find(other => rules.some(rule => matchesRule(rule, other, request)));
  }
}
