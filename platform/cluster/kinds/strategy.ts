// The contract of a kind: what the generic API machinery asks of it at each step of a write or a read.
import type { KubeObject } from '../../kube/index.ts';
import type { FieldError } from '../schema/index.ts';

/** An API object as decoded from JSON. Strategies mutate only where their contract says so. */
export type KindObject = KubeObject;

/** What a write knows besides its objects. */
export interface WriteContext {
  now: Date;
  user: { name: string; groups: readonly string[]; uid?: string; extra?: Record<string, string[]> };
}

/** One column of a Table answer (meta.k8s.io/v1 TableColumnDefinition without its description). */
export interface TableColumn {
  name: string;
  type: string;
  format: string;
  priority: number;
}

/** A subresource as discovery lists it; group, version and kind are those of its body. */
export interface SubresourceInfo {
  name: string;
  group: string;
  version: string;
  kind: string;
  verbs: readonly string[];
}

export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

/** How a kind is deleted when the client says nothing. */
export interface DeletionRules {
  /** The grace period that the object asks for in seconds; absent = the kind is deleted at once. */
  gracePeriodSeconds?(obj: KindObject): number;
  defaultPropagation: 'Orphan' | 'Background';
  /** Set when a deletion without a propagation policy is worth a Warning header. */
  warning?: string;
  /** true: DELETE answers with the object; false: with a Status of success. */
  returnsObject: boolean;
}

/** What a PUT or PATCH of one subresource may change. */
export interface SubresourceUpdate {
  /** Mutates `next`: everything that the subresource may not change comes back from `previous`. */
  prepare(next: KindObject, previous: KindObject): void;
  validate(next: KindObject, previous: KindObject): FieldError[];
}

/** The replicas of a kind that has a scale subresource. */
export interface ScaleValues {
  specReplicas: number;
  statusReplicas: number;
  /** The label selector in its text form; absent when the object has none. */
  selector?: string;
}

export interface ScaleRules {
  get(obj: KindObject): ScaleValues;
  /** Mutates `obj`; the caller then treats it as an ordinary update of the spec. */
  set(obj: KindObject, replicas: number): void;
}

/**
 * One kind in one version. The order of a create: (the server sets name, namespace, uid and creationTimestamp), schema's roundTrip, applyDefaults, prepareForCreate, validateCreate, (the server allocates
 * addresses, checks admission), store. Of an update: roundTrip, applyDefaults, prepareForUpdate, validateUpdate, store. Nothing here does I/O.
 */
export interface KindStrategy {
  group: string;
  version: string;
  /** `version` or `group/version`. */
  apiVersion: string;
  kind: string;
  /** Kind of a list of it, e.g. `PodList`. */
  listKind: string;
  /** The plural in paths. */
  resource: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  verbs: readonly string[];
  subresources: readonly SubresourceInfo[];
  columns: readonly TableColumn[];
  /** Where objects of this kind are stored: the same for all versions of one kind (autoscaling/v1 HPAs are stored as autoscaling/v2). */
  storage: { group: string; version: string; resource: string };
  /** A copy of `obj` in the stored version. Identity when the versions are the same. */
  toStorage(obj: KindObject): KindObject;
  /** A copy of a stored object in this version. Identity when the versions are the same. */
  fromStorage(obj: KindObject): KindObject;

  /** The defaults that the real server has in Go, mutating `obj`. Idempotent; runs on create, on every update and after patches. */
  applyDefaults(obj: KindObject): void;
  /** Mutates `obj`: drops what clients may not set (status), sets the first generation and what depends on the user or the time. */
  prepareForCreate(obj: KindObject, context: WriteContext): void;
  /** Mutates `next`: brings the status back from `previous`, raises the generation when the desired state changed. */
  prepareForUpdate(next: KindObject, previous: KindObject, context: WriteContext): void;
  /** Mutates `next`: everything but the status (and metadata that a status update may change) comes back from `previous`. */
  prepareForStatusUpdate(next: KindObject, previous: KindObject, context?: WriteContext): void;
  /** Object metadata and the kind's own rules; [] = valid. Errors come in the real server's order. */
  validateCreate(obj: KindObject): FieldError[];
  validateUpdate(next: KindObject, previous: KindObject): FieldError[];
  validateStatusUpdate(next: KindObject, previous: KindObject): FieldError[];
  /** Subresources other than status that change the object itself (ephemeralcontainers, resize, finalize, approval). */
  updates: Readonly<Record<string, SubresourceUpdate>>;

  /** Set when the version is deprecated: the Warning of every request to it. */
  deprecation?: string;
  /** Paths that a write cannot own since the strategy takes them back: of the object itself, and of its status subresource. */
  resetFields: { update: readonly (readonly string[])[]; status: readonly (readonly string[])[] };
  /** Texts for Warning headers, for a create (no `previous`) or an update. */
  warnings(obj: KindObject, previous?: KindObject): string[];
  /** The cells of one Table row, one for each of `columns`. */
  cells(obj: KindObject, now: Date): unknown[];
  /** All fields that a fieldSelector may name, with the object's values. A name outside of it is an error for the client. */
  selectableFields(obj: KindObject): Record<string, string>;
  /** The message for an unknown field label, as the real server words it. */
  unknownFieldLabel(label: string): string;

  scale?: ScaleRules;
  /** PUT of a missing object creates it (Leases, Endpoints …). */
  allowCreateOnUpdate: boolean;
  /** PUT without a resourceVersion overwrites whatever is stored. */
  allowUnconditionalUpdate: boolean;
  deletion: DeletionRules;
  /** The object has no status subresource but is still written with its status (events, leases …). */
  hasStatusSubresource: boolean;
}
