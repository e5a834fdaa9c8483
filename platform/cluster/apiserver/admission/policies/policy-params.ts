// The parameter objects of a binding.
import type { KindObject } from '../../../kinds/index.ts';
import { labelSelectorFrom, matchesLabels } from '../../../schema/index.ts';
import type { Store } from '../../../store/index.ts';
import type { ResourceTable } from '../../registry/resource-table.ts';
import { keyOf, type ServedResource, versioned } from '../../registry/served-resource.ts';
import type { ParamKind, ParamRef } from './policy-types.ts';

/** A policy or a binding can't be used as it is; its failurePolicy decides what that means. */
export class PolicyConfigurationError extends Error {}

/** The resource of a paramKind. @throws PolicyConfigurationError when nothing of that kind is served */
export function paramResource(resources: ResourceTable, { apiVersion, kind }: ParamKind): ServedResource {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  const found = resources.findKind(group, version, kind);
  if (found) return found;
  const shown = `${group}/${version}, Kind=${kind}`;
  throw new PolicyConfigurationError(`failed to find resource referenced by paramKind: '${shown}'`);
}

interface ParamsRequest {
  store: Store;
  /** The policy's paramKind, resolved; absent when it has none. */
  resource: ServedResource | undefined;
  reference: ParamRef | undefined;
  /** Of the request. */
  namespace: string;
}

/** What the policy is evaluated with: once for each, null without parameters. @throws PolicyConfigurationError */
export function collectParams({ store, resource, reference, namespace }: ParamsRequest): (KindObject | null)[] {
  if (!resource || !reference) return [null];
  const { namespaced } = resource.strategy;
  if (!namespaced && reference.namespace)
    throw new PolicyConfigurationError('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const within = namespaced ? reference.namespace || namespace : '';
  if (namespaced && within === '')
    throw new PolicyConfigurationError('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  const found = lookUp(store, resource, reference, within);
  if (found.length === 0 && reference.parameterNotFoundAction === 'Deny')
    throw new PolicyConfigurationError('no params found for policy binding with `Deny` parameterNotFoundAction');
  return found;
}

function lookUp(store: Store, resource: ServedResource, { name, selector }: ParamRef, namespace: string): KindObject[] {
  if (name) {
    const record = store.get(keyOf(resource, namespace, name));
    return record ? [versioned(resource, record)] : [];
  }
  if (!selector) throw new PolicyConfigurationError('one of name or selector must be provided');
  const parsed = labelSelectorFrom(selector);
  return store
    .list(resource.collection, namespace || undefined)
    .map(record => versioned(resource, record))
    .filter(({ metadata }) => matchesLabels(parsed, metadata['labels'] as Record<string, string> | undefined));
}
