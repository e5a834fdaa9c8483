// The compiled form of a schema, one for built-in types and CRDs, so that every algorithm of this folder is written once.
import type { JsonObject } from './json-values.ts';

export type SchemaType = 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'int-or-string' | 'any';

/**
 * The shape of a type or field. Nodes are compiled once, shared, and resolve their children at first use: never change one.
 * `any` takes every JSON value and keeps all of it.
 */
export interface TypeSchema {
  readonly type: SchemaType;
  /** quantity, time, microtime, byte (base64), duration, int32, int64, double or what a CRD says. */
  readonly format: string | undefined;
  /** Known fields of an object. */
  readonly properties: ReadonlyMap<string, TypeSchema>;
  /** The shape of fields that `properties` does not name; undefined when there may be none. */
  readonly values: TypeSchema | undefined;
  /** As `values`, but as lenient as server-side apply is where a CRD is silent. */
  readonly applyValues: TypeSchema | undefined;
  readonly items: TypeSchema | undefined;
  readonly required: readonly string[];
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  /** `x-kubernetes-map-type: atomic`. */
  readonly atomicMap: boolean;
  readonly mergeKey: string | undefined;
  /** `merge`, `replace`, `retainKeys`. */
  readonly patchStrategies: readonly string[];
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields, RawExtension, JSON). */
  readonly preservesUnknown: boolean;
  /** A whole Kubernetes object with apiVersion, kind and metadata (x-kubernetes-embedded-resource). */
  readonly embedded: boolean;
  readonly nullable: boolean;
  /** The default in the schema; undefined when there is none. Copy it before use. */
  readonly defaultValue: unknown;
  /** Facts of a built-in field in its Go struct; undefined in CRDs. */
  readonly go: GoFacts | undefined;
  /** The validation keywords of a CRD's schema. */
  readonly keywords: JsonObject | undefined;
}

export interface GoFacts {
  /** As reflection prints it, without a pointer's star: `int32`, `map[string]string`, `v1.ObjectMeta`. */
  readonly type: string;
  /** The struct's own name, for structs: `DeploymentSpec`. */
  readonly struct: string | undefined;
  readonly pointer: boolean;
  readonly omitEmpty: boolean;
  readonly omitZero: boolean;
}

export const noProperties: ReadonlyMap<string, TypeSchema> = new Map();

const plain = {
  format: undefined,
  properties: noProperties,
  values: undefined,
  applyValues: undefined,
  items: undefined,
  required: [],
  listType: 'atomic',
  listKeys: [],
  atomicMap: false,
  mergeKey: undefined,
  patchStrategies: [],
  preservesUnknown: false,
  embedded: false,
  nullable: false,
  defaultValue: undefined,
  go: undefined,
  keywords: undefined,
} as const satisfies Omit<TypeSchema, 'type'>;

/** The child of an object's key. */
export function fieldSchema(schema: TypeSchema, key: string): TypeSchema | undefined {
  return schema.properties.get(key) ?? schema.values;
}

/** Builds nodes whose children are compiled at first use (types are recursive). */
export class SchemaNode implements TypeSchema {
  readonly type: SchemaType;
  readonly format: string | undefined;
  readonly required: readonly string[];
  readonly listType: 'atomic' | 'set' | 'map';
  readonly listKeys: readonly string[];
  readonly atomicMap: boolean;
  readonly mergeKey: string | undefined;
  readonly patchStrategies: readonly string[];
  readonly preservesUnknown: boolean;
  readonly embedded: boolean;
  readonly nullable: boolean;
  readonly defaultValue: unknown;
  readonly go: GoFacts | undefined;
  readonly keywords: JsonObject | undefined;
  #children: Children | undefined;
  readonly #load: () => Children;

  constructor(facts: Partial<TypeSchema> & { type: SchemaType }, load: () => Children) {
    const all = { ...plain, ...facts };
    this.type = all.type;
    this.format = all.format;
    this.required = all.required;
    this.listType = all.listType;
    this.listKeys = all.listKeys;
    this.atomicMap = all.atomicMap;
    this.mergeKey = all.mergeKey;
    this.patchStrategies = all.patchStrategies;
    this.preservesUnknown = all.preservesUnknown;
    this.embedded = all.embedded;
    this.nullable = all.nullable;
    this.defaultValue = all.defaultValue;
    this.go = all.go;
    this.keywords = all.keywords;
    this.#load = load;
  }

  get properties(): ReadonlyMap<string, TypeSchema> {
    return (this.#children ??= this.#load()).properties ?? noProperties;
  }
  get values(): TypeSchema | undefined {
    return (this.#children ??= this.#load()).values;
  }
  get applyValues(): TypeSchema | undefined {
    const children = (this.#children ??= this.#load());
    return children.applyValues ?? children.values;
  }
  get items(): TypeSchema | undefined {
    return (this.#children ??= this.#load()).items;
  }
}

export interface Children {
  properties?: ReadonlyMap<string, TypeSchema>;
  values?: TypeSchema | undefined;
  applyValues?: TypeSchema | undefined;
  items?: TypeSchema | undefined;
}

/** Any JSON value, its maps granular and its lists atomic: what the real server deduces where a schema is silent. */
export const anySchema: TypeSchema = new SchemaNode({ type: 'any', preservesUnknown: true }, () => ({
  values: anySchema,
  items: anySchema,
}));
