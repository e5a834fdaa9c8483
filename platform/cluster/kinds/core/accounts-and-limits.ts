// ServiceAccounts, LimitRanges, ResourceQuotas and Endpoints: kinds with few rules of their own.
import { isIP } from 'node:net';
import type { V1Endpoints, V1LimitRange, V1ResourceQuota, V1ServiceAccount } from '@kubernetes/client-node';
import { compareQuantity, type FieldError, parseQuantity } from '../../schema/index.ts';
import { duplicate, forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { qualifiedName } from '../meta/names.ts';
import { type Loose, setDefaultIfZero } from '../objects.ts';
import { validateQuantity, validateResourceName } from '../pods/validate-resources.ts';
import { age, NONE, nameOf } from '../tables/cells.ts';

export const serviceAccountRules: KindRules = rulesFor<Loose<V1ServiceAccount>>({
  cells: (obj, now) => [nameOf(obj), obj.secrets?.length ?? 0, age(obj, now)],
  deletion: { returnsObject: true },
});

type LimitRange = Loose<V1LimitRange>;
type LimitItem = NonNullable<NonNullable<LimitRange['spec']>['limits']>[number];

/** A container's default limit falls back to the maximum, its default request to the limit, else the minimum. */
function defaultLimit(item: LimitItem): void {
  if (item.type !== 'Container') return;
  const holder = item as unknown as Record<string, Record<string, string> | undefined>;
  const limits: Record<string, string> = { ...holder['max'], ...holder['default'] };
  const requests: Record<string, string> = { ...holder['min'], ...limits, ...holder['defaultRequest'] };
  if (Object.keys(limits).length > 0) holder['default'] = limits;
  if (Object.keys(requests).length > 0) holder['defaultRequest'] = requests;
}

const MAPS = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const;

function validateLimitType(type: string, field: string): FieldError[] {
  const complaints = qualifiedName(type);
  if (complaints.length > 0) return complaints.map(message => invalid(field, type, message));
  const isKnown = type.includes('/') || ['Pod', 'Container', 'PersistentVolumeClaim'].includes(type);
  return isKnown ? [] : [invalid(field, type, 'must be a standard limit type or fully qualified')];
}

function validateLimits(range: LimitRange): FieldError[] {
  const errors: FieldError[] = [];
  const types = new Set<string>();
  for (const [index, item] of (range.spec?.limits ?? []).entries()) {
    const field = `spec.limits[${index}]`;
    const maps = item as unknown as Record<(typeof MAPS)[number], Record<string, string> | undefined>;
    errors.push(...validateLimitType(item.type ?? '', `${field}.type`));
    if (types.has(item.type ?? '')) errors.push(duplicate(`${field}.type`, item.type));
    types.add(item.type ?? '');
    for (const map of MAPS)
      for (const name of Object.keys(maps[map] ?? {})) errors.push(...validateResourceName(name, `${field}.${map}[${name}]`));
    if (item.type === 'Pod') {
      if (maps.default) errors.push(forbidden(`${field}.default`, "may not be specified when `type` is 'Pod'"));
      if (maps.defaultRequest) errors.push(forbidden(`${field}.defaultRequest`, "may not be specified when `type` is 'Pod'"));
    }
    if (item.type === 'PersistentVolumeClaim' && maps.min?.['storage'] === undefined && maps.max?.['storage'] === undefined) {
      errors.push(required(`${field}.limits`, 'either minimum or maximum storage value is required, but neither was provided'));
    }
    const more = (low: string | undefined, high: string | undefined): boolean =>
      low !== undefined && high !== undefined && compareQuantity(parseQuantity(low), parseQuantity(high)) > 0;
    const names = new Set(MAPS.flatMap(map => Object.keys(maps[map] ?? {})));
    for (const name of names) {
      const [min, max, def, request] = [maps.min?.[name], maps.max?.[name], maps.default?.[name], maps.defaultRequest?.[name]];
      const complain = (map: string, shown: string | undefined, detail: string): void => {
        errors.push(invalid(`${field}.${map}[${name}]`, shown, detail));
      };
      if (more(min, max)) complain('min', min, `min value ${min} is greater than max value ${max}`);
      if (more(min, request))
        complain('defaultRequest', request, `min value ${min} is greater than default request value ${request}`);
      if (more(request, max))
        complain('defaultRequest', request, `default request value ${request} is greater than max value ${max}`);
      if (more(request, def))
        complain('defaultRequest', request, `default request value ${request} is greater than default limit value ${def}`);
      if (more(min, def)) complain('default', min, `min value ${min} is greater than default value ${def}`);
      if (more(def, max)) complain('default', max, `default value ${def} is greater than max value ${max}`);
    }
  }
  return errors;
}

export const limitRangeRules: KindRules = rulesFor<LimitRange>({
  defaults: range => range.spec?.limits?.forEach(defaultLimit),
  validate: validateLimits,
});

type Quota = Loose<V1ResourceQuota>;
const QUOTA_RESOURCES = new Set([
  'configmaps',
  'cpu',
  'ephemeral-storage',
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'memory',
  'persistentvolumeclaims',
  'pods',
  'replicationcontrollers',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
  'requests.storage',
  'resourcequotas',
  'secrets',
  'services',
  'services.loadbalancers',
  'services.nodeports',
]);

const COUNTED =
  /^(pods|resourcequotas|services(\.nodeports|\.loadbalancers)?|replicationcontrollers|secrets|configmaps|persistentvolumeclaims)$/;

function validateQuotaAmount(name: string, amount: string, field: string): FieldError[] {
  const errors = validateResourceName(name, field);
  const isKnown = name.includes('/') || QUOTA_RESOURCES.has(name) || /^(requests\.)?hugepages-/.test(name);
  if (!isKnown) errors.push(invalid(field, name, 'must be a standard resource for quota'));
  errors.push(...validateQuantity(amount, field));
  if (COUNTED.test(name) && /m$/.test(amount)) errors.push(invalid(field, amount, 'must be an integer'));
  return errors;
}

const SCOPES = ['BestEffort', 'CrossNamespacePodAffinity', 'NotBestEffort', 'NotTerminating', 'PriorityClass', 'Terminating'];

const COMPUTE = /^((requests|limits)\.)?(cpu|memory)$/;
const CONFLICTS = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
];

/** Scopes pick pods: they fit only resources that pods use. */
function validateScopes({ spec = {} }: Quota): FieldError[] {
  const scopes = spec.scopes ?? [];
  const field = 'spec.scopes';
  const errors: FieldError[] = [];
  for (const scope of scopes) {
    if (!SCOPES.includes(scope)) errors.push(invalid(field, scopes, 'unsupported scope'));
    for (const name of Object.keys(spec.hard ?? {})) {
      const fits = name === 'pods' || (scope !== 'BestEffort' && COMPUTE.test(name));
      if (SCOPES.includes(scope) && !fits) errors.push(invalid(field, scopes, 'unsupported scope applied to resource'));
    }
  }
  for (const pair of CONFLICTS)
    if (pair.every(scope => scopes.includes(scope))) errors.push(invalid(field, scopes, 'conflicting scopes'));
  return errors;
}

/** `requests.cpu: 1/2, …`, requests and limits in their own columns. */
function quotaTexts(quota: Quota): [string, string] {
  const requests: string[] = [];
  const limits: string[] = [];
  for (const name of Object.keys(quota.status?.hard ?? {}).sort()) {
    const text = `${name}: ${quota.status?.used?.[name] ?? '0'}/${quota.status?.hard?.[name]}`;
    (name.startsWith('limits') ? limits : requests).push(text);
  }
  return [requests.join(', '), limits.join(', ')];
}

export const quotaRules: KindRules = rulesFor<Quota>({
  initialStatus: () => ({}),
  validate(quota) {
    const errors: FieldError[] = [];
    for (const [name, amount] of Object.entries(quota.spec?.hard ?? {})) {
      errors.push(...validateQuotaAmount(name, String(amount), `spec.hard[${name}]`));
    }
    errors.push(...validateScopes(quota));
    return errors;
  },
  validateChange: (next, previous) =>
    [...(next.spec?.scopes ?? [])].sort().join() === [...(previous.spec?.scopes ?? [])].sort().join()
      ? []
      : [invalid('spec.scopes', next.spec?.scopes ?? null, 'field is immutable')],
  cells: (obj, now) => [nameOf(obj), ...quotaTexts(obj), age(obj, now)],
  deletion: { returnsObject: true },
});

// Two checks of the real server, both told.
const BAD_ADDRESS = ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', 'must be a valid IP address'];
type Endpoints = Loose<V1Endpoints>;

function endpointsText(endpoints: Endpoints): string {
  const list: string[] = [];
  for (const { addresses, ports } of endpoints.subsets ?? []) {
    if (!ports?.length) list.push(...(addresses ?? []).map(({ ip }) => ip ?? ''));
    for (const { port } of ports ?? [])
      list.push(...(addresses ?? []).map(({ ip }) => (ip?.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)));
  }
  if (list.length === 0) return NONE;
  return list.length > 3 ? `${list.slice(0, 3).join(',')} + ${list.length - 3} more...` : list.join(',');
}

export const endpointsRules: KindRules = rulesFor<Endpoints>({
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  defaults(endpoints) {
    for (const subset of endpoints.subsets ?? [])
      for (const port of subset.ports ?? []) setDefaultIfZero(port, 'protocol', 'TCP');
  },
  allowCreateOnUpdate: true,
  validate(endpoints) {
    const errors: FieldError[] = [];
    for (const [index, subset] of (endpoints.subsets ?? []).entries()) {
      const field = `subsets[${index}]`;
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
        errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
      for (const key of ['addresses', 'notReadyAddresses'] as const) {
        for (const [at, { ip = '' }] of (subset[key] ?? []).entries()) {
          if (isIP(ip) === 0) for (const detail of BAD_ADDRESS) errors.push(invalid(`${field}.${key}[${at}].ip`, ip, detail));
        }
      }
      for (const [at, { port = 0, name, protocol }] of (subset.ports ?? []).entries()) {
        if ((subset.ports?.length ?? 0) > 1 && !name) errors.push(required(`${field}.ports[${at}].name`));
        if (port < 1 || port > 65535)
          errors.push(invalid(`${field}.ports[${at}].port`, port, 'must be between 1 and 65535, inclusive'));
        if (!['SCTP', 'TCP', 'UDP'].includes(protocol ?? ''))
          errors.push(unsupported(`${field}.ports[${at}].protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
      }
    }
    return errors;
  },
  cells: (obj, now) => [nameOf(obj), endpointsText(obj), age(obj, now)],
});
