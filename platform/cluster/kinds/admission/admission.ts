// Webhook configurations and validating admission policies with their bindings.
import type {
  V1MatchResources,
  V1RuleWithOperations,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
  V1ValidatingWebhook,
} from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { duplicate, invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dnsSubdomain, qualifiedName } from '../meta/names.ts';
import { type Selector, validateSelector } from '../meta/selectors.ts';
import { ensure, keepMetadata, type Loose, setDefault } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

type Webhook = Loose<V1ValidatingWebhook> & { reinvocationPolicy?: string };
interface WebhookConfiguration {
  metadata?: object;
  webhooks?: Webhook[];
}
type Rule = Loose<V1RuleWithOperations>;
type MatchResources = Loose<V1MatchResources>;

const FAILURE = ['Fail', 'Ignore'];
const MATCH = ['Equivalent', 'Exact'];
const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const SCOPES = ['*', 'Cluster', 'Namespaced'];

function validateRule(rule: Rule, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!rule.operations?.length) errors.push(required(`${field}.operations`));
  for (const [index, operation] of (rule.operations ?? []).entries()) {
    if (!OPERATIONS.includes(operation)) errors.push(unsupported(`${field}.operations[${index}]`, operation, OPERATIONS));
  }
  for (const key of ['apiGroups', 'apiVersions', 'resources'] as const) {
    const values = rule[key] ?? [];
    if (values.length === 0) errors.push(required(`${field}.${key}`));
    else if (key !== 'resources' && values.length > 1 && values.includes('*')) {
      errors.push(
        invalid(
          `${field}.${key}`,
          values,
          `if '*' is present, must not specify other ${key === 'apiGroups' ? 'API groups' : 'API versions'}`,
        ),
      );
    }
  }
  if (rule.scope !== undefined && !SCOPES.includes(rule.scope)) errors.push(unsupported(`${field}.scope`, rule.scope, SCOPES));
  return errors;
}

function validateWebhook(webhook: Webhook, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const name = webhook.name ?? '';
  if (!name) errors.push(required(`${field}.name`));
  else if (dnsSubdomain(name).length > 0)
    errors.push(...dnsSubdomain(name).map(message => invalid(`${field}.name`, name, message)));
  else if (name.split('.').length < 3)
    errors.push(invalid(`${field}.name`, name, 'should be a domain with at least three segments separated by dots'));
  for (const [index, rule] of (webhook.rules ?? []).entries()) errors.push(...validateRule(rule, `${field}.rules[${index}]`));
  if (webhook.failurePolicy !== undefined && !FAILURE.includes(webhook.failurePolicy))
    errors.push(unsupported(`${field}.failurePolicy`, webhook.failurePolicy, FAILURE));
  if (webhook.matchPolicy !== undefined && !MATCH.includes(webhook.matchPolicy))
    errors.push(unsupported(`${field}.matchPolicy`, webhook.matchPolicy, MATCH));
  if (webhook.sideEffects === undefined) {
    errors.push(required(`${field}.sideEffects`, 'must specify one of None, NoneOnDryRun'));
  } else if (!['None', 'NoneOnDryRun'].includes(webhook.sideEffects)) {
    errors.push(unsupported(`${field}.sideEffects`, webhook.sideEffects, ['None', 'NoneOnDryRun']));
  }
  if (webhook.timeoutSeconds !== undefined && (webhook.timeoutSeconds > 30 || webhook.timeoutSeconds < 1)) {
    errors.push(invalid(`${field}.timeoutSeconds`, webhook.timeoutSeconds, `the timeout value must be between 1 and 30 seconds`));
  }
  errors.push(...validateSelector(webhook.namespaceSelector as Selector | undefined, `${field}.namespaceSelector`));
  errors.push(...validateSelector(webhook.objectSelector as Selector | undefined, `${field}.objectSelector`));
  const { url, service } = webhook.clientConfig ?? {};
  if (Boolean(url) === Boolean(service))
    errors.push(required(`${field}.clientConfig`, 'exactly one of url or service is required'));
  else if (url) errors.push(...validateUrl(url, `${field}.clientConfig.url`));
  else if (service) {
    if (!service.name) errors.push(required(`${field}.clientConfig.service.name`, 'service name is required'));
    if (!service.namespace) errors.push(required(`${field}.clientConfig.service.namespace`, 'service namespace is required'));
  }
  if (!webhook.admissionReviewVersions?.length)
    errors.push(required(`${field}.admissionReviewVersions`, 'must specify one of v1, v1beta1'));
  return errors;
}

function validateUrl(text: string, field: string): FieldError[] {
  const form = '; desired format: https://host[/path]';
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [required(field, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URI for request${form}`)];
  }
  const errors: FieldError[] = [];
  if (url.protocol !== 'https:')
    errors.push(invalid(field, url.protocol.replace(':', ''), `'https' is the only allowed URL scheme${form}`));
  if (!url.host) errors.push(invalid(field, url.host, `host must be specified${form}`));
  if (url.username) errors.push(invalid(field, url.username, `user information is not permitted in the URL`));
  if (url.hash) errors.push(invalid(field, url.hash.slice(1), `fragments are not permitted in the URL`));
  if (url.search) errors.push(invalid(field, url.search.slice(1), `query parameters are not permitted in the URL`));
  return errors;
}

function webhookRules(mutating: boolean): KindRules {
  return rulesFor<WebhookConfiguration>({
    defaults(configuration) {
      for (const webhook of configuration.webhooks ?? []) {
        setDefault(webhook, 'failurePolicy', 'Fail');
        setDefault(webhook, 'matchPolicy', 'Equivalent');
        ensure(webhook, 'namespaceSelector');
        ensure(webhook, 'objectSelector');
        setDefault(webhook, 'timeoutSeconds', 10);
        if (mutating) setDefault(webhook, 'reinvocationPolicy', 'Never');
        for (const rule of webhook.rules ?? []) setDefault(rule, 'scope', '*');
        if (webhook.clientConfig?.service) setDefault(webhook.clientConfig.service, 'port', 443);
      }
    },
    generationFields: ['webhooks'],
    allowUnconditionalUpdate: false,
    validate(configuration) {
      const errors: FieldError[] = [];
      const names = new Set<string>();
      for (const [index, webhook] of (configuration.webhooks ?? []).entries()) {
        errors.push(...validateWebhook(webhook, `webhooks[${index}]`));
        const name = webhook.name ?? '';
        if (name && names.has(name))
          errors.push({ type: 'Duplicate value', field: `webhooks[${index}].name`, badValue: name, detail: '' });
        names.add(name);
      }
      return errors;
    },
    cells: (obj, now) => [nameOf(obj), obj.webhooks?.length ?? 0, age(obj, now)],
  });
}

export const mutatingWebhookRules = webhookRules(true);
export const validatingWebhookRules = webhookRules(false);

function defaultMatch(match: MatchResources | undefined): void {
  if (!match) return;
  setDefault(match, 'matchPolicy', 'Equivalent');
  ensure(match, 'namespaceSelector');
  ensure(match, 'objectSelector');
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) setDefault(rule, 'scope', '*');
}

function validateMatch(match: MatchResources, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!match.matchPolicy) errors.push(required(`${field}.matchPolicy`));
  else if (!MATCH.includes(match.matchPolicy)) errors.push(unsupported(`${field}.matchPolicy`, match.matchPolicy, MATCH));
  errors.push(...validateSelector(match.namespaceSelector as Selector | undefined, `${field}.namespaceSelector`));
  errors.push(...validateSelector(match.objectSelector as Selector | undefined, `${field}.objectSelector`));
  for (const [index, rule] of (match.resourceRules ?? []).entries())
    errors.push(...validateRule(rule, `${field}.resourceRules[${index}]`));
  for (const [index, rule] of (match.excludeResourceRules ?? []).entries())
    errors.push(...validateRule(rule, `${field}.excludeResourceRules[${index}]`));
  return errors;
}

type Policy = Loose<V1ValidatingAdmissionPolicy>;
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];

function validatePolicy(policy: Policy): FieldError[] {
  const spec = policy.spec ?? {};
  const errors: FieldError[] = [];
  if (!spec.failurePolicy) errors.push(required('spec.failurePolicy'));
  else if (!FAILURE.includes(spec.failurePolicy)) errors.push(unsupported('spec.failurePolicy', spec.failurePolicy, FAILURE));
  if (spec.paramKind) {
    if (!spec.paramKind.apiVersion) errors.push(required('spec.paramKind.apiVersion'));
    if (!spec.paramKind.kind) errors.push(required('spec.paramKind.kind'));
  }
  if (!spec.matchConstraints) errors.push(required('spec.matchConstraints'));
  else {
    errors.push(...validateMatch(spec.matchConstraints, 'spec.matchConstraints'));
    if (!spec.matchConstraints.resourceRules?.length) errors.push(required('spec.matchConstraints.resourceRules'));
  }
  const empty = 'validations or auditAnnotations must contain at least one item';
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    errors.push(required('spec.validations', empty), required('spec.auditAnnotations', empty));
  }
  for (const [index, condition] of (spec.matchConditions ?? []).entries()) {
    if (!condition.expression?.trim()) errors.push(required(`spec.matchConditions[${index}].expression`));
    if (!condition.name) errors.push(required(`spec.matchConditions[${index}].name`));
    else
      errors.push(
        ...qualifiedName(condition.name).map(message => invalid(`spec.matchConditions[${index}].name`, condition.name, message)),
      );
    if (condition.name && spec.matchConditions?.findIndex(({ name }) => name === condition.name) !== index)
      errors.push(duplicate(`spec.matchConditions[${index}].name`, condition.name));
  }
  for (const [index, variable] of (spec.variables ?? []).entries()) {
    if (!variable.name) errors.push(required(`spec.variables[${index}].name`, 'name is not specified'));
    else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(variable.name))
      errors.push(invalid(`spec.variables[${index}].name`, variable.name, 'must be a valid CEL identifier'));
    if (!variable.expression?.trim()) errors.push(required(`spec.variables[${index}].expression`, 'expression is not specified'));
  }
  for (const [index, validation] of (spec.validations ?? []).entries()) {
    const field = `spec.validations[${index}]`;
    if (!validation.expression?.trim()) errors.push(required(`${field}.expression`, 'expression is not specified'));
    if (validation.messageExpression && !validation.messageExpression.trim())
      errors.push(invalid(`${field}.messageExpression`, validation.messageExpression, 'must be non-empty if specified'));
    if (validation.message !== undefined && validation.message.length > 0 && !validation.message.trim()) {
      errors.push(invalid(`${field}.message`, validation.message, 'must be non-empty if specified'));
    } else if (validation.message?.includes('\n'))
      errors.push(invalid(`${field}.message`, validation.message, 'must not contain line breaks'));
    if (validation.reason !== undefined && !REASONS.includes(validation.reason))
      errors.push(unsupported(`${field}.reason`, validation.reason, REASONS));
  }
  for (const [index, annotation] of (spec.auditAnnotations ?? []).entries()) {
    const field = `spec.auditAnnotations[${index}]`;
    const key = `${nameOf(policy)}/${annotation.key ?? ''}`;
    errors.push(...qualifiedName(key).map(message => invalid(`${field}.key`, key, message)));
    if (!annotation.valueExpression?.trim())
      errors.push(required(`${field}.valueExpression`, 'valueExpression is not specified'));
    if (annotation.key && spec.auditAnnotations?.findIndex(({ key: other }) => other === annotation.key) !== index)
      errors.push(duplicate(`${field}.key`, annotation.key));
  }
  return errors;
}

export const admissionPolicyRules: KindRules = rulesFor<Policy>({
  defaults(policy) {
    const spec = ensure(policy, 'spec');
    setDefault(spec, 'failurePolicy', 'Fail');
    defaultMatch(spec.matchConstraints);
  },
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({}),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous),
  statusResets: [['metadata']],
  validate: validatePolicy,
  cells(obj, now) {
    const kind = obj.spec?.paramKind;
    return [nameOf(obj), obj.spec?.validations?.length ?? 0, kind ? `${kind.apiVersion}/${kind.kind}` : '<unset>', age(obj, now)];
  },
});

type Binding = Loose<V1ValidatingAdmissionPolicyBinding>;
const ACTIONS = ['Audit', 'Deny', 'Warn'];

function validateBinding(binding: Binding): FieldError[] {
  const spec = binding.spec ?? {};
  const errors: FieldError[] = [];
  const name = spec.policyName ?? '';
  if (!name) errors.push(required('spec.policyName'));
  else errors.push(...dnsSubdomain(name).map(message => invalid('spec.policyName', name, message)));
  const reference = spec.paramRef;
  if (reference) {
    if (reference.name && reference.selector) {
      errors.push({ type: 'Forbidden', field: 'spec.paramRef.name', detail: 'name and selector are mutually exclusive' });
    } else if (!reference.name && !reference.selector)
      errors.push(required('spec.paramRef', 'one of name or selector must be specified'));
    if (!reference.parameterNotFoundAction) errors.push(required('spec.paramRef.parameterNotFoundAction'));
    else if (!['Allow', 'Deny'].includes(reference.parameterNotFoundAction)) {
      errors.push(unsupported('spec.paramRef.parameterNotFoundAction', reference.parameterNotFoundAction, ['Deny', 'Allow']));
    }
  }
  if (spec.matchResources) errors.push(...validateMatch(spec.matchResources, 'spec.matchResources'));
  const actions = spec.validationActions ?? [];
  for (const [index, action] of actions.entries()) {
    if (!ACTIONS.includes(action)) errors.push(unsupported(`spec.validationActions[${index}]`, action, ACTIONS));
    if (actions.indexOf(action) < index)
      errors.push({ type: 'Duplicate value', field: `spec.validationActions[${index}]`, badValue: action, detail: '' });
  }
  if (actions.includes('Deny') && actions.includes('Warn')) {
    const detail =
      'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)';
    errors.push(invalid('spec.validationActions', ['Deny', 'Warn'], detail));
  }
  if (actions.length === 0) errors.push(required('spec.validationActions', 'at least one validation action is required'));
  return errors;
}

export const admissionBindingRules: KindRules = rulesFor<Binding>({
  defaults: binding => defaultMatch(binding.spec?.matchResources),
  generationFields: ['spec'],
  allowUnconditionalUpdate: false,
  validate: validateBinding,
  cells(obj, now) {
    const reference = obj.spec?.paramRef;
    const name = reference?.name ?? '';
    const text = reference ? (reference.namespace ? `${reference.namespace}/${name}` : name) : '<unset>';
    return [nameOf(obj), obj.spec?.policyName ?? '', text, age(obj, now)];
  },
});
