// Compiles the openAPIV3Schema of a CustomResourceDefinition (a structural schema) into a type schema.
import { componentSchema } from './builtin-schema.ts';
import type { JsonObject } from './json-values.ts';
import { isObject } from './json-values.ts';
import { anySchema, SchemaNode, type SchemaType, type TypeSchema } from './type-schema.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * Compiles a CRD version's schema. The root gets apiVersion, kind and metadata as the real server adds them.
 * The keywords are kept for `validateSchema`. The caller has checked that the schema is structural; what is not is taken as `any`.
 */
export function compileStructuralSchema(openAPIV3Schema: JsonObject): TypeSchema {
  return compile(openAPIV3Schema, { resource: true, preserving: false });
}

interface Context {
  /** The node is a whole object: it has apiVersion, kind and metadata. */
  resource: boolean;
  /** An ancestor keeps unknown fields, which the real server's apply lets its descendants inherit. */
  preserving: boolean;
}

function compile(source: JsonObject, { resource, preserving }: Context): TypeSchema {
  const preservesUnknown = source['x-kubernetes-preserve-unknown-fields'] === true;
  const embedded = source['x-kubernetes-embedded-resource'] === true;
  const type = schemaType(source, resource);
  return new SchemaNode(
    {
      type,
      format: source.format as string | undefined,
      required: Array.isArray(source.required) ? (source.required as string[]) : [],
      listType: (source['x-kubernetes-list-type'] as 'atomic' | 'set' | 'map' | undefined) ?? 'atomic',
      listKeys: (source['x-kubernetes-list-map-keys'] as string[] | undefined) ?? [],
      atomicMap: source['x-kubernetes-map-type'] === 'atomic',
      preservesUnknown,
      embedded,
      nullable: source.nullable === true,
      defaultValue: source.default,
      keywords: source,
    },
    () => {
      const inherited = { resource: false, preserving: preserving || preservesUnknown };
      const properties = new Map<string, TypeSchema>();
      for (const [name, property] of Object.entries(isObject(source.properties) ? source.properties : {})) {
        if (isObject(property)) properties.set(name, compile(property, inherited));
      }
      if (resource || embedded) addObjectFields(properties);
      const values = valuesOf(source, type, inherited);
      return {
        properties,
        values,
        // The real server's apply takes an object without any property as free-form, and lets "preserve" reach descendants.
        applyValues: values ?? (inherited.preserving || properties.size === 0 ? anySchema : undefined),
        items: isObject(source.items) ? compile(source.items, inherited) : type === 'any' ? anySchema : undefined,
      };
    },
  );
}

function addObjectFields(properties: Map<string, TypeSchema>): void {
  const text = new SchemaNode({ type: 'string' }, () => ({}));
  properties.set('apiVersion', text);
  properties.set('kind', text);
  properties.set('metadata', componentSchema(objectMeta));
}

function valuesOf(source: JsonObject, type: SchemaType, inherited: Context): TypeSchema | undefined {
  if (isObject(source.additionalProperties)) return compile(source.additionalProperties, inherited);
  if (source.additionalProperties === true || type === 'any') return anySchema;
  return source['x-kubernetes-preserve-unknown-fields'] === true ? anySchema : undefined;
}

function schemaType(source: JsonObject, resource: boolean): SchemaType {
  if (resource) return 'object';
  if (source['x-kubernetes-int-or-string'] === true) return 'int-or-string';
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
