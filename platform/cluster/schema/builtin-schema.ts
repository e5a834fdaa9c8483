// Compiles the OpenAPI components and Go struct facts of the Kubernetes release into type schemas, one component at a time.
import type { JsonObject } from './json-values.ts';
import { isObject } from './json-values.ts';
import { openApiComponents, structFacts } from './kubernetes-data.ts';
import { anySchema, type Children, type GoFacts, SchemaNode, type SchemaType, type TypeSchema } from './type-schema.ts';

const refPrefix = '#/components/schemas/';
const components = new Map<string, TypeSchema>();
let kinds: Map<string, string> | undefined;

/** Components whose JSON form their Go code decides, which OpenAPI tells only in part. */
const specialForms: Record<string, { type: SchemaType; format?: string }> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: 'int-or-string' },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'time' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': { type: 'string', format: 'microtime' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Duration': { type: 'string', format: 'duration' },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': { type: 'any' },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'any' },
};

/** The schema of a built-in kind, list kinds and option kinds (`DeleteOptions`) included; undefined when this release has none. */
export function builtinSchema(group: string, version: string, kind: string): TypeSchema | undefined {
  kinds ??= kindIndex();
  const name = kinds.get(`${group}/${version}/${kind}`);
  return name === undefined ? undefined : componentSchema(name);
}

/** The schema of one OpenAPI component by its name. */
export function componentSchema(name: string): TypeSchema {
  let schema = components.get(name);
  if (!schema) {
    schema = compile(openApiComponents()[name] ?? {}, name, undefined);
    components.set(name, schema);
  }
  return schema;
}

/** The OpenAPI component's name of a built-in kind. */
export function componentName(group: string, version: string, kind: string): string | undefined {
  kinds ??= kindIndex();
  return kinds.get(`${group}/${version}/${kind}`);
}

function kindIndex(): Map<string, string> {
  const index = new Map<string, string>();
  for (const [name, component] of Object.entries(openApiComponents())) {
    const entries = component['x-kubernetes-group-version-kind'];
    if (!Array.isArray(entries)) continue;
    for (const { group, version, kind } of entries as { group: string; version: string; kind: string }[]) {
      index.set(`${group}/${version}/${kind}`, name);
    }
  }
  return index;
}

interface StructField {
  name: string;
  go: GoFacts;
}

function structFields(component: string): StructField[] {
  return (structFacts()[component] ?? []).flatMap(fact => {
    if (fact.startsWith('>')) return structFields(fact.slice(1));
    const [, name = '', flags = '', type = ''] = /^([^*?0 ]*)([*?0]*) (.*)$/.exec(fact) ?? [];
    const go = {
      type,
      struct: undefined,
      pointer: flags.includes('*'),
      omitEmpty: flags.includes('?'),
      omitZero: flags.includes('0'),
    };
    return [{ name, go }];
  });
}

/** `component` is set when `source` is that component itself, `go` when it is a field, an item or a map's value. */
function compile(source: JsonObject, component: string | undefined, go: GoFacts | undefined): TypeSchema {
  const reference = referenceOf(source);
  const name = reference ?? component;
  const target = reference === undefined ? source : (openApiComponents()[reference] ?? {});
  const special = name === undefined ? undefined : specialForms[name];
  const isStruct = name !== undefined && structFacts()[name] !== undefined && special === undefined;
  const type = special?.type ?? schemaType(target);
  if (type === 'any' && !isObject(target.properties)) {
    // Raw extensions are owned as a whole: their Go struct has no field that JSON knows.
    const atomicMap = name === 'io.k8s.apimachinery.pkg.runtime.RawExtension';
    return new SchemaNode({ type, preservesUnknown: true, atomicMap, defaultValue: source.default, go }, () => ({
      values: anySchema,
      items: anySchema,
    }));
  }
  const struct = isStruct ? name.slice(name.lastIndexOf('.') + 1) : undefined;
  const strategy = source['x-kubernetes-patch-strategy'];
  return new SchemaNode(
    {
      type,
      format: special?.format ?? (target.format as string | undefined),
      required: (target.required as string[] | undefined) ?? [],
      listType: (source['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined) ?? 'atomic',
      listKeys: (source['x-kubernetes-list-map-keys'] as string[] | undefined) ?? [],
      atomicMap: (source['x-kubernetes-map-type'] ?? target['x-kubernetes-map-type']) === 'atomic',
      mergeKey: source['x-kubernetes-patch-merge-key'] as string | undefined,
      patchStrategies: typeof strategy === 'string' ? strategy.split(',') : [],
      defaultValue: source.default,
      go: go
        ? { ...go, struct }
        : struct
          ? { type: struct, struct, pointer: true, omitEmpty: false, omitZero: false }
          : undefined,
    },
    () => (reference === undefined ? children(target, component, go) : childrenOf(reference)),
  );
}

/** The children of a component, shared by every field that refers to it. */
function childrenOf(reference: string): Children {
  const shared = componentSchema(reference);
  return { properties: shared.properties, values: shared.values, items: shared.items };
}

function children(source: JsonObject, component: string | undefined, go: GoFacts | undefined): Children {
  const result: Children = {};
  if (isObject(source.properties)) result.properties = compileProperties(source.properties, component);
  if (isObject(source.additionalProperties)) {
    result.values = compile(source.additionalProperties, undefined, elementFacts(go, /^map\[[^\]]*\]/));
  } else if (schemaType(source) === 'object' && !isObject(source.properties)) {
    result.values = anySchema;
  }
  if (isObject(source.items)) result.items = compile(source.items, undefined, elementFacts(go, /^\[\]/));
  return result;
}

function compileProperties(properties: JsonObject, component: string | undefined): Map<string, TypeSchema> {
  const compiled = new Map<string, TypeSchema>();
  // The struct's order of fields is the order in which the real server writes them.
  for (const { name, go } of component === undefined ? [] : structFields(component)) {
    const property = properties[name];
    if (isObject(property)) compiled.set(name, compile(property, undefined, go));
  }
  for (const [name, property] of Object.entries(properties)) {
    if (!compiled.has(name)) compiled.set(name, compile(property as JsonObject, undefined, undefined));
  }
  return compiled;
}

function elementFacts(go: GoFacts | undefined, wrapping: RegExp): GoFacts | undefined {
  if (!go) return undefined;
  const type = go.type.replace(wrapping, '');
  return { type: type.replace(/^\*/, ''), struct: undefined, pointer: type.startsWith('*'), omitEmpty: false, omitZero: false };
}

function referenceOf(source: JsonObject): string | undefined {
  const direct =
    source.$ref ?? (Array.isArray(source.allOf) && source.allOf.length === 1 ? (source.allOf[0] as JsonObject).$ref : undefined);
  return typeof direct === 'string' ? direct.slice(refPrefix.length) : undefined;
}

function schemaType(source: JsonObject): SchemaType {
  switch (source.type) {
    case 'object':
    case 'array':
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return source.type;
    default:
      return 'any';
  }
}
