// Validation of security contexts.
import type { V1PodSecurityContext, V1SecurityContext } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, required, struct, unsupported } from '../field-errors.ts';
import type { Loose } from '../objects.ts';
import { goJson } from './go-structs.ts';
import type { PodSpec } from './types.ts';

const ID_RANGE = 'must be between 0 and 2147483647, inclusive';
const SECCOMP_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];

function validateId(id: number | undefined, field: string): FieldError[] {
  return id !== undefined && id !== null && (id < 0 || id > 2_147_483_647) ? [invalid(field, id, ID_RANGE)] : [];
}

function validateSeccomp(profile: { type?: string; localhostProfile?: string } | undefined, field: string): FieldError[] {
  if (!profile) return [];
  if (!profile.type) return [required(`${field}.type`, 'type is required when seccompProfile is set')];
  if (profile.type === 'Localhost') {
    return profile.localhostProfile ? [] : [required(`${field}.localhostProfile`, 'must be set when seccomp type is Localhost')];
  }
  if (!SECCOMP_TYPES.includes(profile.type)) return [unsupported(`${field}.type`, profile.type, SECCOMP_TYPES)];
  return profile.localhostProfile === undefined
    ? []
    : [invalid(`${field}.localhostProfile`, profile.localhostProfile, 'can only be set when seccomp type is Localhost')];
}

export function validateContainerSecurity(context: Loose<V1SecurityContext> | undefined, field: string): FieldError[] {
  if (!context) return [];
  const errors = [
    ...validateId(context.runAsUser, `${field}.runAsUser`),
    ...validateId(context.runAsGroup, `${field}.runAsGroup`),
  ];
  if (context.procMount && !['Default', 'Unmasked'].includes(context.procMount)) {
    errors.push(unsupported(`${field}.procMount`, context.procMount, ['Default', 'Unmasked']));
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${field}.seccompProfile`));
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged)
      errors.push(
        invalid(
          field,
          struct(goJson('SecurityContext', context) as object),
          'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
        ),
      );
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
      errors.push(
        invalid(
          field,
          struct(goJson('SecurityContext', context) as object),
          'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
        ),
      );
    }
  }
  return errors;
}

export function validatePodSecurity(spec: PodSpec, field: string): FieldError[] {
  const context = spec.securityContext as Loose<V1PodSecurityContext> | undefined;
  if (!context) return [];
  const errors: FieldError[] = [];
  errors.push(...validateId(context.fsGroup, `${field}.fsGroup`));
  errors.push(...validateId(context.runAsUser, `${field}.runAsUser`));
  errors.push(...validateId(context.runAsGroup, `${field}.runAsGroup`));
  for (const [index, group] of (context.supplementalGroups ?? []).entries()) {
    errors.push(...validateId(group, `${field}.supplementalGroups[${index}]`));
  }
  if (spec.shareProcessNamespace && spec.hostPID) {
    errors.push(invalid(`${field}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'));
  }
  const sysctls = new Set<string>();
  for (const [index, sysctl] of (context.sysctls ?? []).entries()) {
    const name = sysctl.name ?? '';
    if (!name) errors.push(required(`${field}.sysctls[${index}].name`));
    else if (!/^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/.test(name)) {
      const message =
        'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
      errors.push(invalid(`${field}.sysctls[${index}].name`, name, message));
    } else if (sysctls.has(name))
      errors.push({ type: 'Duplicate value', field: `${field}.sysctls[${index}].name`, badValue: name, detail: '' });
    sysctls.add(name);
  }
  if (context.fsGroupChangePolicy && !['Always', 'OnRootMismatch'].includes(context.fsGroupChangePolicy)) {
    errors.push(unsupported(`${field}.fsGroupChangePolicy`, context.fsGroupChangePolicy, ['Always', 'OnRootMismatch']));
  }
  errors.push(...validateSeccomp(context.seccompProfile, `${field}.seccompProfile`));
  if (spec.os?.name === 'windows' && context.seLinuxOptions) {
    errors.push(forbidden(`${field}.seLinuxOptions`, 'cannot be set for a windows pod'));
  }
  return errors;
}
