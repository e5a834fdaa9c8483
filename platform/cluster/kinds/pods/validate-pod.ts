// Validation of pods and pod templates, in the order of k8s.io/kubernetes pkg/apis/core/validation.
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, rangeMessage, required, unsupported } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../meta/names.ts';
import { validateAnnotations, validateLabels } from '../meta/validate.ts';
import type { Pod, PodSpec, PodTemplate } from './types.ts';
import { validateContainers, validateEphemeralContainers, validateInitContainers } from './validate-containers.ts';
import { validateAffinity, validateTolerations, validateTopologySpread } from './validate-scheduling.ts';
import { validatePodSecurity } from './validate-security.ts';
import { validateVolumes } from './validate-volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const isAddress = (text: string): boolean => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text);

function validateDns(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const nameservers = spec.dnsConfig?.nameservers ?? [];
  const at = `${field}.dnsConfig`;
  if (spec.dnsPolicy === 'None') {
    if (!spec.dnsConfig) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')];
    if (nameservers.length === 0)
      return [required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')];
  }
  if (nameservers.length > 3) errors.push(invalid(`${at}.nameservers`, nameservers, 'must not have more than 3 nameservers'));
  for (const [index, address] of nameservers.entries()) {
    if (!isAddress(address)) errors.push(invalid(`${at}.nameservers[${index}]`, address, IP));
  }
  for (const [index, option] of (spec.dnsConfig?.options ?? []).entries()) {
    if (!option.name) errors.push(required(`${at}.options[${index}]`, 'must not be empty'));
  }
  return errors;
}

function validateNames(spec: PodSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  const check = (name: keyof PodSpec, complaints: (text: string) => string[]): void => {
    const text = spec[name];
    if (typeof text === 'string' && text)
      errors.push(...complaints(text).map(message => invalid(`${field}.${name}`, text, message)));
  };
  check('serviceAccountName', dnsSubdomain);
  check('nodeName', dnsSubdomain);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && deadline !== null && (deadline < 1 || deadline > 2_147_483_647)) {
    errors.push(invalid(`${field}.activeDeadlineSeconds`, deadline, rangeMessage(1, 2_147_483_647)));
  }
  check('hostname', dnsLabel);
  check('subdomain', dnsLabel);
  return errors;
}

/** Checks a defaulted pod spec. `field` is the spec's own path. */
export function validatePodSpec(spec: PodSpec, field: string): FieldError[] {
  const volumes = new Set((spec.volumes ?? []).map(volume => volume.name ?? ''));
  const errors = validateVolumes(spec.volumes, `${field}.volumes`);
  errors.push(...validateContainers(spec, volumes, `${field}.containers`));
  errors.push(...validateInitContainers(spec, volumes, `${field}.initContainers`));
  errors.push(...validateEphemeralContainers(spec, volumes, `${field}.ephemeralContainers`));
  if (!spec.restartPolicy) errors.push(required(`${field}.restartPolicy`));
  else if (!RESTART_POLICIES.includes(spec.restartPolicy))
    errors.push(unsupported(`${field}.restartPolicy`, spec.restartPolicy, RESTART_POLICIES));
  if (!spec.dnsPolicy) errors.push(required(`${field}.dnsPolicy`));
  else if (!DNS_POLICIES.includes(spec.dnsPolicy)) errors.push(unsupported(`${field}.dnsPolicy`, spec.dnsPolicy, DNS_POLICIES));
  errors.push(...validateLabels(spec.nodeSelector, `${field}.nodeSelector`));
  errors.push(...validatePodSecurity(spec, `${field}.securityContext`));
  errors.push(...validateAffinity(spec.affinity, `${field}.affinity`));
  errors.push(...validateDns(spec, field));
  for (const [index, gate] of (spec.readinessGates ?? []).entries()) {
    const type = gate.conditionType ?? '';
    errors.push(...qualifiedName(type).map(message => invalid(`${field}.readinessGates[${index}].conditionType`, type, message)));
  }
  for (const [index, gate] of (spec.schedulingGates ?? []).entries()) {
    const name = gate.name ?? '';
    errors.push(...qualifiedName(name).map(message => invalid(`${field}.schedulingGates[${index}]`, name, message)));
  }
  errors.push(...validateTopologySpread(spec, `${field}.topologySpreadConstraints`));
  errors.push(...validateNames(spec, field));
  errors.push(...validateTolerations(spec.tolerations, `${field}.tolerations`));
  for (const [index, alias] of (spec.hostAliases ?? []).entries()) {
    const ip = alias.ip ?? '';
    if (!isAddress(ip)) errors.push(invalid(`${field}.hostAliases[${index}].ip`, ip, IP));
    for (const [at, name] of (alias.hostnames ?? []).entries()) {
      errors.push(
        ...dnsSubdomain(name).map(message => invalid(`${field}.hostAliases[${index}].hostnames[${at}]`, name, message)),
      );
    }
  }
  const priorityClass = spec.priorityClassName;
  if (priorityClass)
    errors.push(...dnsSubdomain(priorityClass).map(message => invalid(`${field}.priorityClassName`, priorityClass, message)));
  const runtimeClass = spec.runtimeClassName;
  if (runtimeClass)
    errors.push(...dnsSubdomain(runtimeClass).map(message => invalid(`${field}.runtimeClassName`, runtimeClass, message)));
  if (spec.preemptionPolicy && !['Never', 'PreemptLowerPriority'].includes(spec.preemptionPolicy)) {
    errors.push(unsupported(`${field}.preemptionPolicy`, spec.preemptionPolicy, ['Never', 'PreemptLowerPriority']));
  }
  return errors;
}

function validateTokensWithoutAccount(spec: PodSpec): FieldError[] {
  return (spec.volumes ?? []).flatMap((volume, index) =>
    (volume.projected?.sources ?? []).flatMap((source, at) =>
      source.serviceAccountToken
        ? [
            forbidden(
              `spec.volumes[${index}].projected.sources[${at}].serviceAccountToken`,
              'must not be specified when serviceAccountName is not set',
            ),
          ]
        : [],
    ),
  );
}

export function validatePod(pod: Pod): FieldError[] {
  const spec = pod.spec ?? {};
  const errors = validatePodSpec(spec, 'spec');
  if (!spec.serviceAccountName) errors.push(...validateTokensWithoutAccount(spec));
  if (spec.schedulingGates?.length && spec.nodeName)
    errors.push(forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared'));
  if (spec.ephemeralContainers?.length) {
    errors.push(forbidden('spec.ephemeralContainers', 'cannot be set on create'));
  }
  return errors;
}

/** Checks a pod template at `field`: its labels, annotations and spec. */
export function validatePodTemplate(template: PodTemplate | undefined, field: string): FieldError[] {
  const errors = validateLabels(template?.metadata?.labels, `${field}.labels`);
  errors.push(...validateAnnotations(template?.metadata?.annotations, `${field}.annotations`));
  errors.push(...validatePodSpec(template?.spec ?? {}, `${field}.spec`));
  if (template?.spec?.ephemeralContainers?.length) {
    errors.push(forbidden(`${field}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
  return errors;
}
