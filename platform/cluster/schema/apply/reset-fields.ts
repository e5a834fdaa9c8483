// The fields that an endpoint does not write: changes of them are ignored and nobody comes to own them.
import { emptySet, type FieldSet } from './field-set.ts';
import { setOf } from './ownership.ts';

export type ResetFields = readonly (readonly string[])[];

const ofObject = setOf([['status']]);
const ofStatus = setOf([['spec'], ['metadata', 'labels']]);
const known = new WeakMap<ResetFields, FieldSet>();

/** The set of an endpoint's reset fields; defaults as most kinds have them. */
export function resetSet(fields: ResetFields | undefined, subresource: string): FieldSet {
  if (fields === undefined) return subresource === '' ? ofObject : subresource === 'status' ? ofStatus : emptySet;
  let set = known.get(fields);
  if (!set) known.set(fields, (set = setOf(fields)));
  return set;
}
