// Schema of everything the embedded API server stores: types, decoding, defaults, validation, patches, server-side apply.
// Pure functions without I/O (the generated schema data is read once, at first use).
// Objects are plain JSON values. What "mutates" says so; everything else leaves its arguments as they were and may share structure with them.

import type { FieldError } from './errors.ts';

export { ApplyConflict, DecodeError, type FieldConflict, type FieldError, type FieldErrorType, PatchError } from './errors.ts';

/** The shape of one type or field. Compiled once and shared: never change one. */
export interface TypeSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'any';
}
export interface DecodedBody {
  value: unknown;
  duplicateFields: string[];
  /** What the body was written in. */
  format: 'json' | 'yaml' | 'protobuf';
  typeMeta?: { apiVersion: string; kind: string };
}
export interface JsonObject {
  [key: string]: unknown;
}
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: JsonObject;
  subresource?: string;
}
export interface ApplyRequest {
  schema: TypeSchema;
  live: JsonObject | undefined;
  applied: JsonObject;
  manager: string;
  force: boolean;
  subresource?: string;
  apiVersion: string;
  time: string;
  resetFields?: readonly (readonly string[])[];
}
export interface TrackRequest {
  schema: TypeSchema;
  before: JsonObject | undefined;
  after: JsonObject;
  manager: string;
  apiVersion: string;
  subresource?: string;
  time: string;
  resetFields?: readonly (readonly string[])[];
}
export interface Quantity {
  readonly text: string;
}
export interface LabelRequirement {
  key: string;
  operator: 'in' | 'notin' | 'exists' | '!' | '=' | '==' | '!=' | 'gt' | 'lt';
  values: string[];
}
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
  readonly nothing?: boolean;
}
export interface FieldRequirement {
  field: string;
  operator: '=' | '!=';
  value: string;
}
export interface TableColumn {
  name: string;
  type: string;
  format: string;
  priority: number;
}
export declare function fieldErrorMessage(error: FieldError): string;
export declare function toCause(error: FieldError): { reason: string; message: string; field: string };
export declare function builtinSchema(group: string, version: string, kind: string): TypeSchema | undefined;
export declare function compileStructuralSchema(openAPIV3Schema: JsonObject): TypeSchema;
export declare function decodeBody(bytes: Uint8Array, contentType: string | undefined): DecodedBody;
export declare function findUnknownFields(schema: TypeSchema, object: unknown): string[];
export declare function prune(schema: TypeSchema, object: unknown): void;
export declare function applySchemaDefaults(schema: TypeSchema, object: unknown): void;
export declare function checkTypes(schema: TypeSchema, object: unknown): string | undefined;
export declare function roundTrip(schema: TypeSchema, object: JsonObject): void;
export declare function validateSchema(schema: TypeSchema, object: JsonObject, oldObject?: JsonObject): FieldError[];
export declare function jsonPatch(object: JsonObject, operations: unknown): JsonObject;
export declare function mergePatch(object: JsonObject, patch: unknown): JsonObject;
export declare function strategicMergePatch(schema: TypeSchema, object: JsonObject, patch: unknown): JsonObject;
export declare function applyServerSide(request: ApplyRequest): { object: JsonObject; changed: boolean };
export declare function trackUpdate(request: TrackRequest): ManagedFieldsEntry[] | undefined;
export declare function parseLabelSelector(text: string): LabelSelector;
export declare function labelSelectorFrom(selector: JsonObject | undefined): LabelSelector;
export declare function matchesLabels(selector: LabelSelector, labels: Record<string, string> | undefined): boolean;
export declare function parseFieldSelector(text: string): FieldRequirement[];
export declare function parseQuantity(text: string): Quantity;
export declare function compareQuantity(a: Quantity, b: Quantity): -1 | 0 | 1;
export declare function addQuantity(a: Quantity, b: Quantity): Quantity;
export declare function canonicalQuantity(text: string): string;
export declare function discoveryData(): { api: JsonObject; apis: JsonObject };
export declare function tableColumns(group: string, version: string, resource: string): readonly TableColumn[] | undefined;
export declare function openApiComponents(): Record<string, JsonObject>;
