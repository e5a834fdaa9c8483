// Leases, PriorityClasses, RuntimeClasses, certificate requests and API services.
import type {
  V1APIService,
  V1CertificateSigningRequest,
  V1Lease,
  V1PriorityClass,
  V1RuntimeClass,
} from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, nonNegative, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { dnsLabel, pathSegment } from '../meta/names.ts';
import { keepMetadata, type Loose, restore, setDefault } from '../objects.ts';
import type { KindObject } from '../strategy.ts';
import { age, humanDuration, NONE, nameOf } from '../tables/cells.ts';

type Lease = Loose<V1Lease>;

export const leaseRules: KindRules = rulesFor<Lease>({
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  validate(lease) {
    const { leaseDurationSeconds: seconds, leaseTransitions } = lease.spec ?? {};
    const errors: FieldError[] = [];
    if (seconds !== undefined && seconds <= 0)
      errors.push(invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0'));
    errors.push(...nonNegative(leaseTransitions, 'spec.leaseTransitions'));
    return errors;
  },
  cells: (obj, now) => [nameOf(obj), obj.spec?.holderIdentity ?? '', age(obj, now)],
});

type PriorityClass = Loose<V1PriorityClass>;
const SYSTEM_CLASSES: Record<string, number> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};
const HIGHEST_USER_PRIORITY = 1_000_000_000;

export const priorityClassRules: KindRules = rulesFor<PriorityClass>({
  defaults: one => setDefault(one, 'preemptionPolicy', 'PreemptLowerPriority'),
  prepareCreate(one) {
    if (one.metadata) one.metadata.generation = 1;
  },
  validate(one) {
    const name = nameOf(one);
    const value = one.value ?? 0;
    const policies = ['PreemptLowerPriority', 'Never'];
    if (one.preemptionPolicy && !policies.includes(one.preemptionPolicy))
      return [unsupported('preemptionPolicy', one.preemptionPolicy, policies)];
    if (name.startsWith('system-')) {
      if (SYSTEM_CLASSES[name] === undefined) {
        const detail = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
        return [forbidden('metadata.name', detail)];
      }
      return [];
    }
    return value > HIGHEST_USER_PRIORITY
      ? [forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)]
      : [];
  },
  validateUpdate(next, previous) {
    const errors: FieldError[] = [];
    if ((next.value ?? 0) !== (previous.value ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'));
    if (next.preemptionPolicy !== previous.preemptionPolicy)
      errors.push(invalid('preemptionPolicy', next.preemptionPolicy ?? null, IMMUTABLE));
    return errors;
  },
  cells: (obj, now) => [nameOf(obj), obj.value ?? 0, obj.globalDefault ?? false, age(obj, now), obj.preemptionPolicy ?? ''],
});

export const runtimeClassRules: KindRules = rulesFor<Loose<V1RuntimeClass>>({
  allowUnconditionalUpdate: false,
  validate: one => dnsLabel(one.handler ?? '').map(message => invalid('handler', one.handler ?? '', message)),
  validateUpdate: (next, previous) =>
    next.handler === previous.handler ? [] : [invalid('handler', next.handler ?? '', IMMUTABLE)],
  cells: (obj, now) => [nameOf(obj), obj.handler ?? '', age(obj, now)],
});

type Request = Loose<V1CertificateSigningRequest>;
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
];

function validateRequest(request: Request): FieldError[] {
  const spec = request.spec ?? {};
  const errors: FieldError[] = [];
  const pem = Buffer.from(spec.request ?? '', 'base64').toString();
  if (!/-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----/.test(pem)) {
    errors.push(invalid('spec.request', spec.request ?? null, 'PEM block type must be CERTIFICATE REQUEST'));
  }
  if (!spec.usages?.length) errors.push(required('spec.usages'));
  for (const [index, usage] of (spec.usages ?? []).entries()) {
    if (!USAGES.includes(usage)) errors.push(unsupported(`spec.usages[${index}]`, usage, USAGES));
  }
  const signer = spec.signerName ?? '';
  if (!signer) errors.push(required('spec.signerName'));
  else if (!/^[^/]+\/.+$/.test(signer))
    errors.push(
      invalid('spec.signerName', signer, 'must be a fully qualified domain and path of the form "example.com/signer-name"'),
    );
  if (spec.expirationSeconds !== undefined && spec.expirationSeconds < 600) {
    errors.push(
      invalid('spec.expirationSeconds', spec.expirationSeconds, 'may not specify a duration less than 600 seconds (10 minutes)'),
    );
  }
  return errors;
}

function conditionText(request: Request): string {
  const words: string[] = [];
  for (const type of ['Approved', 'Denied', 'Failed']) {
    if ((request.status?.conditions ?? []).some(condition => condition.type === type)) words.push(type);
  }
  if (words.length === 0) words.push('Pending');
  if (request.status?.certificate) words.push('Issued');
  return words.join(',');
}

export const certificateRequestRules: KindRules = rulesFor<Request>({
  nameRule: 'path-segment',
  initialStatus: () => ({}),
  prepareCreate(request, { user }) {
    const spec = (request.spec ??= {});
    spec.username = user.name;
    spec.groups = [...user.groups];
    if (user.uid) spec.uid = user.uid;
    if (user.extra) spec.extra = user.extra;
  },
  prepareUpdate(next, previous) {
    restore(next as unknown as KindObject, previous as unknown as KindObject, 'spec');
  },
  validate: validateRequest,
  validateUpdate: () => [],
  updates: {
    approval: {
      prepare(next, previous) {
        const conditions = ((next as unknown as Request).status?.conditions ?? []).filter(
          ({ type }) => type === 'Approved' || type === 'Denied',
        );
        const others = ((previous as unknown as Request).status?.conditions ?? []).filter(
          ({ type }) => type !== 'Approved' && type !== 'Denied',
        );
        restore(next, previous, 'spec', 'status');
        next['status'] = { ...(next['status'] as object | undefined), conditions: [...others, ...conditions] };
      },
      validate: () => [],
    },
  },
  cells: (obj, now) => [
    nameOf(obj),
    age(obj, now),
    obj.spec?.signerName || NONE,
    obj.spec?.username ?? '',
    obj.spec?.expirationSeconds === undefined ? NONE : humanDuration(obj.spec.expirationSeconds * 1000),
    conditionText(obj),
  ],
  selectableFields: obj => ({ 'spec.signerName': obj.spec?.signerName ?? '' }),
});

type ApiService = Loose<V1APIService>;

export const apiServiceRules: KindRules = rulesFor<ApiService>({
  nameRule: (name, isPrefix) =>
    isPrefix || name.includes('.') ? pathSegment(name, isPrefix) : [`must be \`spec.version+"."+spec.group\``],
  allowUnconditionalUpdate: false,
  initialStatus: () => ({}),
  prepareStatusUpdate: (next, previous) => keepMetadata(next, previous),
  statusResets: [['metadata']],
  defaults(service) {
    if (service.spec?.service) setDefault(service.spec.service, 'port', 443);
  },
  validate(service) {
    const spec = service.spec ?? {};
    const errors: FieldError[] = [];
    const expected = `${spec.version ?? ''}.${spec.group ?? ''}`;
    if (nameOf(service) !== expected)
      errors.push(invalid('metadata.name', nameOf(service), `must be \`spec.version+"."+spec.group\`: "${expected}"`));
    if (!spec.version) errors.push(required('spec.version'));
    const minimum = spec.groupPriorityMinimum ?? 0;
    if (minimum <= 0 || minimum > 20_000)
      errors.push(invalid('spec.groupPriorityMinimum', minimum, 'must be positive and less than 20000'));
    const priority = spec.versionPriority ?? 0;
    if (priority <= 0 || priority > 1000)
      errors.push(invalid('spec.versionPriority', priority, 'must be positive and less than 1000'));
    if (spec.service && !spec.service.namespace) errors.push(required('spec.service.namespace'));
    if (spec.service && !spec.service.name) errors.push(required('spec.service.name'));
    if (spec.insecureSkipTLSVerify && spec.caBundle)
      errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
    return errors;
  },
  cells(obj, now) {
    const service = obj.spec?.service;
    const available = (obj.status?.conditions ?? []).find(({ type }) => type === 'Available');
    const text = available ? (available.status === 'True' ? 'True' : `${available.status} (${available.reason})`) : 'Unknown';
    return [nameOf(obj), service ? `${service.namespace}/${service.name}` : 'Local', text, age(obj, now)];
  },
});
