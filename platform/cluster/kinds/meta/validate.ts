// Validation of object metadata: names, labels, annotations, owner references, finalizers, and what an update may not change.
import type { ObjectMeta } from '../../../kube/index.ts';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, IMMUTABLE, invalid, nonNegative, required, struct, tooLong } from '../field-errors.ts';
import { sameValue } from '../objects.ts';
import { dns1035Label, dnsLabel, dnsSubdomain, labelValue, pathSegment, qualifiedName } from './names.ts';

/** The format of a kind's names, or a check of its own (given whether the text is only a generateName prefix). */
export type NameRule = 'subdomain' | 'label' | 'label1035' | 'path-segment' | ((name: string, isPrefix: boolean) => string[]);

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

function checkName(rule: NameRule, name: string, isPrefix: boolean): string[] {
  if (typeof rule === 'function') return rule(name, isPrefix);
  if (rule === 'path-segment') return pathSegment(name, isPrefix);
  // A generated name may end in a dash, since a suffix follows.
  const checked = isPrefix && name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name;
  if (rule === 'label') return dnsLabel(checked);
  return rule === 'label1035' ? dns1035Label(checked) : dnsSubdomain(checked);
}

export function validateLabels(labels: Record<string, string> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [key, value] of Object.entries(labels ?? {})) {
    errors.push(...qualifiedName(key).map(message => invalid(field, key, message)));
    errors.push(...labelValue(String(value)).map(message => invalid(field, value, message)));
  }
  return errors;
}

export function validateAnnotations(annotations: Record<string, string> | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...qualifiedName(key.toLowerCase()).map(message => invalid(field, key, message)));
    bytes += Buffer.byteLength(key) + Buffer.byteLength(String(value));
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) errors.push(tooLong(field, MAX_ANNOTATIONS_BYTES));
  return errors;
}

function validateOwnerReferences(meta: ObjectMeta): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors: FieldError[] = [];
  const references = meta.ownerReferences ?? [];
  let controller: string | undefined;
  for (const reference of references) {
    const version = (reference.apiVersion ?? '').split('/').at(-1) ?? '';
    if (!version) errors.push(invalid(`${field}.apiVersion`, reference.apiVersion ?? '', 'version must not be empty'));
    for (const key of ['kind', 'name', 'uid'] as const) {
      if (!reference[key]) errors.push(invalid(`${field}.${key}`, '', 'must not be empty'));
    }
    if (reference.apiVersion === 'v1' && reference.kind === 'Event') {
      errors.push(invalid(field, reference, '/v1, Kind=Event is disallowed from being an owner'));
    }
    if (!reference.controller) continue;
    const name = `${reference.kind}/${reference.name}`;
    if (controller !== undefined) {
      const shown = references.map(({ apiVersion, kind, name: owner, uid, controller: is, blockOwnerDeletion }) => ({
        apiVersion,
        kind,
        name: owner,
        uid,
        controller: is,
        blockOwnerDeletion,
      }));
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      errors.push(invalid(field, struct(shown), detail));
    } else controller = name;
  }
  return errors;
}

function validateFinalizers(meta: ObjectMeta): FieldError[] {
  const field = 'metadata.finalizers';
  const errors: FieldError[] = [];
  for (const finalizer of meta.finalizers ?? []) {
    errors.push(...qualifiedName(finalizer).map(message => invalid(field, finalizer, message)));
  }
  const both = ['orphan', 'foregroundDeletion'].every(name => meta.finalizers?.includes(name));
  if (both) errors.push(invalid(field, meta.finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return errors;
}

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion'];

/** Finalizers of built-in kinds are standard ones or belong to a domain. */
export function validateStandardFinalizers({ finalizers }: ObjectMeta): FieldError[] {
  return (finalizers ?? []).flatMap((name, index) =>
    name.includes('/') || STANDARD_FINALIZERS.includes(name)
      ? []
      : [invalid(`metadata.finalizers[${index}]`, name, 'name is neither a standard finalizer name nor is it fully qualified')],
  );
}

/** Checks the metadata of an object to be created. Errors carry the real server's texts, under `metadata`. */
export function validateObjectMeta(
  meta: ObjectMeta,
  { namespaced, nameRule = 'subdomain' }: { namespaced: boolean; nameRule?: NameRule },
): FieldError[] {
  const errors: FieldError[] = [];
  if (meta.generateName) {
    const prefix = meta.generateName;
    errors.push(...checkName(nameRule, prefix, true).map(message => invalid('metadata.generateName', prefix, message)));
  }
  if (!meta.name) errors.push(required('metadata.name', 'name or generateName is required'));
  else {
    const name = meta.name;
    errors.push(...checkName(nameRule, name, false).map(message => invalid('metadata.name', name, message)));
  }
  if (namespaced) {
    const namespace = meta.namespace;
    if (!namespace) errors.push(required('metadata.namespace'));
    else errors.push(...dnsLabel(namespace).map(message => invalid('metadata.namespace', namespace, message)));
  } else if (meta.namespace) errors.push(forbidden('metadata.namespace', 'not allowed on this type'));
  errors.push(...nonNegative(meta.generation, 'metadata.generation'));
  errors.push(...validateLabels(meta.labels, 'metadata.labels'));
  errors.push(...validateAnnotations(meta.annotations, 'metadata.annotations'));
  errors.push(...validateOwnerReferences(meta));
  errors.push(...validateFinalizers(meta));
  return errors;
}

/** Checks what an update makes of the metadata: immutable fields, no new finalizers on a terminating object. */
export function validateObjectMetaUpdate(meta: ObjectMeta, before: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  if (before.deletionTimestamp) {
    const added = (meta.finalizers ?? []).filter(finalizer => !before.finalizers?.includes(finalizer)).sort();
    if (added.length > 0) {
      const shown = added.map(finalizer => JSON.stringify(finalizer)).join(', ');
      const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
      errors.push(forbidden('metadata.finalizers', detail));
    }
  }
  if (meta.generation !== undefined && before.generation !== undefined && meta.generation < before.generation) {
    errors.push(invalid('metadata.generation', meta.generation, 'must not be decremented'));
  }
  const immutable = ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const;
  for (const key of immutable) {
    if (
      !sameValue(meta[key] || undefined, before[key] || undefined) &&
      !(key === 'deletionGracePeriodSeconds' && meta[key] === before[key])
    ) {
      errors.push(
        invalid(`metadata.${key}`, meta[key] ?? (key.endsWith('Timestamp') || key.endsWith('Seconds') ? null : ''), IMMUTABLE),
      );
    }
  }
  errors.push(...validateLabels(meta.labels, 'metadata.labels'));
  errors.push(...validateAnnotations(meta.annotations, 'metadata.annotations'));
  errors.push(...validateOwnerReferences(meta));
  errors.push(...validateFinalizers(meta));
  return errors;
}
