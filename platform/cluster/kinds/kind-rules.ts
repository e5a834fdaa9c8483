// What one kind adds to the generic strategy, and how the two become a KindStrategy.
import type { FieldError } from '../schema/index.ts';
import { type NameRule, validateObjectMeta, validateObjectMetaUpdate, validateStandardFinalizers } from './meta/validate.ts';
import { clone, metaOf, restore, sameValue, withoutNulls } from './objects.ts';
import type {
  DeletionRules,
  KindObject,
  KindStrategy,
  ScaleRules,
  SubresourceInfo,
  SubresourceUpdate,
  TableColumn,
  WriteContext,
} from './strategy.ts';
import { nameAndAge } from './tables/cells.ts';

/** The rules of one kind. Everything is optional: what is left out follows the generic strategy. */
export interface KindRules<T = KindObject> {
  nameRule?: NameRule;
  /** Go-coded defaults; mutates. */
  defaults?(obj: T): void;
  /** What the object's status is at birth; absent for kinds without a status. Mutates nothing. */
  initialStatus?(obj: T): unknown;
  /** After the generic part; mutates. */
  prepareCreate?(obj: T, context: WriteContext): void;
  prepareUpdate?(next: T, previous: T, context: WriteContext): void;
  prepareStatusUpdate?(next: T, previous: T): void;
  /** The kind's rules beyond metadata, for a create and, unless `validateChange` says otherwise, an update. */
  validate?(obj: T): FieldError[];
  /** Rules about what changed; runs after `validate` on an update. */
  validateChange?(next: T, previous: T): FieldError[];
  /** Replaces both on an update. */
  validateUpdate?(next: T, previous: T): FieldError[];
  validateStatusUpdate?(next: T, previous: T): FieldError[];
  /** Fields whose change raises the generation; absent: the kind has no generation. `annotations` means metadata.annotations. */
  generationFields?: readonly string[];
  /** Set when the kind is deprecated: the Warning of every request to it. */
  deprecation?: string;
  /** Paths besides `spec` that a status update takes back. */
  statusResets?: readonly (readonly string[])[];
  warnings?(obj: T, previous?: T): string[];
  cells?(obj: T, now: Date): unknown[];
  selectableFields?(obj: T): Record<string, string>;
  scale?: ScaleRules;
  allowCreateOnUpdate?: boolean;
  allowUnconditionalUpdate?: boolean;
  deletion?: Partial<DeletionRules>;
  updates?: Readonly<Record<string, SubresourceUpdate>>;
  /** The stored version of a kind that has two, with the ways there and back. */
  stored?: {
    group: string;
    version: string;
    resource: string;
    to(obj: T): KindObject;
    from(obj: KindObject): T;
  };
}

/** Rules for a kind whose published type is T, forgetting T. */
export const rulesFor = <T>(rules: KindRules<T>): KindRules => rules as unknown as KindRules;

/** One resource as discovery and table headers describe it (generated/resources.json). */
export interface ResourceFacts {
  group: string;
  version: string;
  resource: string;
  kind: string;
  singular: string;
  namespaced: boolean;
  shortNames: string[];
  categories: string[];
  verbs: string[];
  subresources: SubresourceInfo[];
  columns: TableColumn[];
}

const apiVersionOf = (group: string, version: string): string => (group ? `${group}/${version}` : version);

function generationContent(obj: KindObject, fields: readonly string[]): unknown[] {
  return fields.map(field => (field === 'annotations' ? metaOf(obj).annotations : obj[field]));
}

/** What rest.BeforeUpdate does for every kind: system metadata of the previous object wins. */
function keepSystemMetadata(next: KindObject, previous: KindObject): void {
  const meta = metaOf(next);
  const before = metaOf(previous);
  if (before.generation === undefined) delete meta.generation;
  else meta.generation = before.generation;
  if (!meta.uid && before.uid) meta.uid = before.uid;
  if (before.creationTimestamp) meta.creationTimestamp = before.creationTimestamp;
  if (before.deletionTimestamp) {
    meta.deletionTimestamp = before.deletionTimestamp;
    if (before.deletionGracePeriodSeconds !== undefined) meta.deletionGracePeriodSeconds ??= before.deletionGracePeriodSeconds;
  }
}

/** The real server checks changed metadata twice, in the generic registry and in the kind's strategy; causes list both. */
export function validateChangedMeta(next: KindObject, previous: KindObject): FieldError[] {
  const errors = validateObjectMetaUpdate(metaOf(next), metaOf(previous));
  return [...errors, ...errors];
}

export function buildStrategy(facts: ResourceFacts, rules: KindRules): KindStrategy {
  const { group, version, kind, resource, namespaced } = facts;
  const apiVersion = apiVersionOf(group, version);
  const hasStatusSubresource = facts.subresources.some(sub => sub.name === 'status');
  const { generationFields, nameRule, stored } = rules;

  const validateMeta = (obj: KindObject): FieldError[] => [
    ...validateObjectMeta(metaOf(obj), nameRule === undefined ? { namespaced } : { namespaced, nameRule }),
    ...validateStandardFinalizers(metaOf(obj)),
  ];

  return {
    ...facts,
    apiVersion,
    listKind: `${kind}List`,
    hasStatusSubresource,
    storage: stored ? { group: stored.group, version: stored.version, resource: stored.resource } : { group, version, resource },
    toStorage: obj => (stored ? stored.to(clone(obj)) : obj),
    fromStorage: obj => (stored ? stored.from(clone(obj)) : obj),
    applyDefaults(obj) {
      rules.defaults?.(obj);
    },
    prepareForCreate(obj, context) {
      const meta = metaOf(obj);
      delete meta.deletionTimestamp;
      delete meta.deletionGracePeriodSeconds;
      if (generationFields) meta.generation = 1;
      if (rules.initialStatus) obj['status'] = rules.initialStatus(obj);
      rules.prepareCreate?.(obj, context);
    },
    prepareForUpdate(next, previous, context) {
      keepSystemMetadata(next, previous);
      if (hasStatusSubresource) restore(next, previous, 'status');
      rules.prepareUpdate?.(next, previous, context);
      if (
        generationFields &&
        !sameValue(generationContent(next, generationFields), generationContent(previous, generationFields))
      ) {
        metaOf(next).generation = (metaOf(previous).generation ?? 0) + 1;
      }
    },
    prepareForStatusUpdate(next, previous) {
      keepSystemMetadata(next, previous);
      const kept = Object.keys({ ...next, ...previous }).filter(
        key => !['apiVersion', 'kind', 'metadata', 'status'].includes(key),
      );
      restore(next, previous, ...kept);
      rules.prepareStatusUpdate?.(next, previous);
    },
    validateCreate: obj => [...validateMeta(obj), ...(rules.validate?.(withoutNulls(obj)) ?? [])],
    validateUpdate(next, previous) {
      const meta = [...validateChangedMeta(next, previous), ...validateStandardFinalizers(metaOf(next))];
      const [after, before] = [withoutNulls(next), withoutNulls(previous)];
      if (rules.validateUpdate) return [...meta, ...rules.validateUpdate(after, before)];
      return [...meta, ...(rules.validate?.(after) ?? []), ...(rules.validateChange?.(after, before) ?? [])];
    },
    validateStatusUpdate: (next, previous) => [
      ...validateChangedMeta(next, previous),
      ...(rules.validateStatusUpdate?.(next, previous) ?? []),
    ],
    updates: rules.updates ?? {},
    ...(rules.deprecation ? { deprecation: rules.deprecation } : {}),
    resetFields: { update: hasStatusSubresource ? [['status']] : [], status: [['spec'], ...(rules.statusResets ?? [])] },
    warnings: (obj, previous) => rules.warnings?.(withoutNulls(obj), previous) ?? [],
    cells: (obj, now) => rules.cells?.(obj, now) ?? nameAndAge(obj, facts.columns, now),
    selectableFields(obj) {
      const meta = metaOf(obj);
      const fields: Record<string, string> = { 'metadata.name': meta.name ?? '' };
      if (namespaced) fields['metadata.namespace'] = meta.namespace ?? '';
      return { ...fields, ...rules.selectableFields?.(obj) };
    },
    unknownFieldLabel: label =>
      rules.selectableFields
        ? `field label not supported: ${label}`
        : `"${label}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
    ...(rules.scale ? { scale: rules.scale } : {}),
    allowCreateOnUpdate: rules.allowCreateOnUpdate ?? false,
    allowUnconditionalUpdate: rules.allowUnconditionalUpdate ?? true,
    deletion: { defaultPropagation: 'Background', returnsObject: false, ...rules.deletion },
  };
}
