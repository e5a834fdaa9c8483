// Schema of everything the embedded API server stores: types, decoding, defaults, validation, patches, server-side apply.
// Pure functions without I/O (the generated schema data is read once, at first use).
// Objects are plain JSON values. What "mutates" says so; everything else leaves its arguments as they were and may share structure with them.

export type { ManagedFieldsEntry } from '../../kube/index.ts';
export {
  type ApplyRequest,
  type ApplyResult,
  applyServerSide,
  keepManagedFieldsTimes,
  type ScaleFields,
  scaleManagedFields,
  scaleManagedFieldsToParent,
  type TrackRequest,
  trackUpdate,
} from './apply/index.ts';
export { builtinSchema } from './builtin-schema.ts';
export { type DecodedBody, decodeBody } from './decode-body.ts';
export { applySchemaDefaults } from './defaults.ts';
export { ApplyConflict, DecodeError, type FieldConflict, type FieldError, type FieldErrorType, PatchError } from './errors.ts';
export { fieldErrorMessage, toCause } from './field-error.ts';
export { type FieldRequirement, parseFieldSelector } from './field-selector.ts';
export { goJsonOfPatched, goValue } from './go-format.ts';
export { jsonPatch } from './json-patch.ts';
export { copyValue, equalValues, type JsonObject } from './json-values.ts';
export { discoveryData, openApiComponents, schemaDescriptions, type TableColumn, tableColumns } from './kubernetes-data.ts';
export {
  type LabelRequirement,
  type LabelSelector,
  labelSelectorFrom,
  matchesLabels,
  parseLabelSelector,
} from './label-selector.ts';
export { mergePatch } from './merge-patch.ts';
export { decodePatch, type PatchBody, type PatchKind } from './patch-body.ts';
export {
  addQuantity,
  canonicalQuantity,
  compareQuantity,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityValue,
  subtractQuantity,
} from './quantity.ts';
export { emptyObject, roundTrip } from './round-trip.ts';
export { strategicMergePatch } from './strategic-merge.ts';
export { compileStructuralSchema } from './structural-schema.ts';
export { checkTypes } from './type-check.ts';
export type { GoFacts, SchemaType, TypeSchema } from './type-schema.ts';
export { findUnknownFields, prune } from './unknown-fields.ts';
export { validateSchema } from './validate/index.ts';
