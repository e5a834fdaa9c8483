// The fields that an endpoint does not write: changes of them are ignored and nobody comes to own them.

import type { TypeSchema } from '../type-schema.ts';
import { emptySet, type FieldSet } from './field-set.ts';
import { setOf } from './ownership.ts';

export type ResetFields = readonly (readonly string[])[];

const ofObject = setOf([['status']]);
const ofStatus = setOf([['spec'], ['metadata', 'labels']]);
const known = new WeakMap<ResetFields, FieldSet>();

/** The set of an endpoint's reset fields; without `fields`, those that built-in kinds have as a rule. */
export function resetSet({ resetFields, subresource = '', schema }: Endpoint): FieldSet {
  if (resetFields === undefined) return defaultSet(subresource, schema);
  let set = known.get(resetFields);
  if (!set) known.set(resetFields, (set = setOf(resetFields)));
  return set;
}

interface Endpoint {
  resetFields?: ResetFields | undefined;
  subresource?: string | undefined;
  schema: TypeSchema;
}

function defaultSet(subresource: string, { go }: TypeSchema): FieldSet {
  if (subresource === 'status') return ofStatus;
  return subresource === '' && go ? ofObject : emptySet;
}
