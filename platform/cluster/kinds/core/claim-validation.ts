// Validation of claims on storage: PersistentVolumeClaims and the templates of them in pods and StatefulSets.
import type { V1PersistentVolumeClaimSpec } from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { dnsSubdomain } from '../meta/names.ts';
import { type Selector, validateSelector } from '../meta/selectors.ts';
import type { Loose } from '../objects.ts';

export type ClaimSpec = Loose<V1PersistentVolumeClaimSpec>;

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const VOLUME_MODES = ['Block', 'Filesystem'];
const isPositive = (quantity: unknown): boolean =>
  !String(quantity).startsWith('-') && !/^0*(\.0*)?[A-Za-z]*$/.test(String(quantity));

export function validateAccessModes(modes: string[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const mode of modes ?? []) if (!ACCESS_MODES.includes(mode)) errors.push(unsupported(field, mode, ACCESS_MODES));
  if (modes?.includes('ReadWriteOncePod') && modes.length > 1) {
    errors.push(forbidden(field, 'may not use ReadWriteOncePod with other access modes'));
  }
  return errors;
}

export function validateClaimSpec(spec: ClaimSpec, field: string): FieldError[] {
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required(`${field}.accessModes`, 'at least 1 access mode is required'));
  errors.push(...validateSelector(spec.selector as Selector | undefined, `${field}.selector`));
  errors.push(...validateAccessModes(spec.accessModes, `${field}.accessModes`));
  const storage = spec.resources?.requests?.['storage'];
  if (storage === undefined) errors.push(required(`${field}.resources[storage]`));
  else if (!isPositive(storage)) errors.push(invalid(`${field}.resources[storage]`, storage, 'must be greater than zero'));
  const storageClass = spec.storageClassName;
  if (storageClass) {
    for (const message of dnsSubdomain(storageClass)) errors.push(invalid(`${field}.storageClassName`, storageClass, message));
  }
  if (spec.volumeMode && !VOLUME_MODES.includes(spec.volumeMode)) {
    errors.push(unsupported(`${field}.volumeMode`, spec.volumeMode, VOLUME_MODES));
  }
  return errors;
}
