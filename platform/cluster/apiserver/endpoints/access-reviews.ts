// May someone do something: SubjectAccessReview in its three forms, and the rules that apply to oneself.
import type { FieldError } from '../../schema/index.ts';
import type { ApiParts } from '../api-parts.ts';
import type { PolicyRule } from '../authorization/rules.ts';
import { respondDocument } from '../encoding/respond.ts';
import type { ApiResponse, RequestContext, UserInfo } from '../request-context.ts';
import { badRequest, invalid } from '../status-error.ts';
import { readBody } from './review-body.ts';

const GROUP = { group: 'authorization.k8s.io', version: 'v1' };

interface Spec {
  resourceAttributes?: {
    namespace?: string;
    verb?: string;
    group?: string;
    resource?: string;
    subresource?: string;
    name?: string;
  };
  nonResourceAttributes?: { path?: string; verb?: string };
  user?: string;
  groups?: string[];
  uid?: string;
  extra?: Record<string, string[]>;
}

const FIELD = (name: string): string => `spec.${name}`;

function specErrors(spec: Spec, self: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (resource && path) {
    const badValue = { Path: path.path ?? '', Verb: path.verb ?? '' };
    errors.push({
      type: 'Invalid value',
      field: FIELD('nonResourceAttributes'),
      badValue,
      detail: 'cannot be specified in combination with resourceAttributes',
    });
  }
  if (!resource && !path) {
    const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    errors.push({ type: 'Invalid value', field: FIELD('resourceAttributes'), badValue: null, detail });
  }
  if (!self && !spec.user && !spec.groups?.length)
    errors.push({
      type: 'Invalid value',
      field: FIELD('user'),
      badValue: spec.user ?? '',
      detail: 'at least one of user or group must be specified',
    });
  return errors;
}

function decide(parts: ApiParts, user: UserInfo, spec: Spec): Record<string, unknown> {
  const { resourceAttributes: of, nonResourceAttributes: path } = spec;
  const action = of
    ? {
        verb: of.verb ?? '',
        namespace: of.namespace ?? '',
        path: '',
        resource: { group: of.group ?? '', resource: of.resource ?? '', subresource: of.subresource ?? '', name: of.name ?? '' },
      }
    : { verb: path?.verb ?? '', namespace: '', path: path?.path ?? '' };
  const { allowed, reason } = parts.authorizer.authorize(user, action);
  return { allowed, ...(reason ? { reason } : {}) };
}

export async function reviewAccess(parts: ApiParts, context: RequestContext, kind: string): Promise<ApiResponse> {
  const body = await readBody(context, { ...GROUP, kind });
  const spec = (body.spec ?? {}) as Spec;
  const self = kind === 'SelfSubjectAccessReview';
  const errors = specErrors(spec, self);
  if (kind === 'LocalSubjectAccessReview' && spec.resourceAttributes?.namespace !== context.info.namespace) {
    const badValue = spec.resourceAttributes?.namespace ?? '';
    errors.push({
      type: 'Invalid value',
      field: 'spec.resourceAttributes.namespace',
      badValue,
      detail: 'must match metadata.namespace',
    });
  }
  if (errors.length > 0) throw invalid({ group: GROUP.group, kind: '' }, '', errors);
  const user: UserInfo = self
    ? context.user
    : {
        name: spec.user ?? '',
        groups: spec.groups ?? [],
        ...(spec.uid ? { uid: spec.uid } : {}),
        ...(spec.extra ? { extra: spec.extra } : {}),
      };
  return respondDocument(context, { ...body, status: decide(parts, user, spec) }, 201);
}

const compact = (rule: PolicyRule, keys: readonly (keyof PolicyRule)[]): Record<string, unknown> =>
  Object.fromEntries(keys.filter(key => rule[key]?.length).map(key => [key, rule[key]]));

export async function reviewOwnRules(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const body = await readBody(context, { ...GROUP, kind: 'SelfSubjectRulesReview' });
  const namespace = body.spec?.['namespace'] as string | undefined;
  if (!namespace) throw badRequest('no namespace on request');
  const { rules, errors } = parts.authorizer.rulesFor(context.user, namespace);
  const status = {
    resourceRules: rules
      .filter(rule => rule.resources?.length)
      .map(rule => compact(rule, ['verbs', 'apiGroups', 'resources', 'resourceNames'])),
    nonResourceRules: rules.filter(rule => rule.nonResourceURLs?.length).map(rule => compact(rule, ['verbs', 'nonResourceURLs'])),
    incomplete: errors.length > 0,
    ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
  };
  return respondDocument(context, { kind: body.kind, apiVersion: body.apiVersion, metadata: {}, spec: {}, status }, 201);
}
