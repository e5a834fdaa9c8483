// The OpenAPI documents themselves: definitions as they are in the data, and for each resource the paths that clients look up.
import { allStrategies, type KindStrategy } from '../../kinds/index.ts';
import { openApiComponents, schemaDescriptions } from '../../schema/index.ts';
import type { ServedResource } from '../registry/served-resource.ts';

type Json = Record<string, unknown>;

const GVK = 'x-kubernetes-group-version-kind';
const ACTIONS: Record<string, [string, string]> = {
  get: ['get', 'get'],
  update: ['put', 'put'],
  patch: ['patch', 'patch'],
  delete: ['delete', 'delete'],
  list: ['get', 'list'],
  create: ['post', 'post'],
  deletecollection: ['delete', 'deletecollection'],
};
const COLLECTION_VERBS = new Set(['list', 'create', 'deletecollection']);
const WRITE_PARAMETERS = ['dryRun', 'fieldManager', 'fieldValidation'];
const STATIC_PATHS = ['.well-known/openid-configuration', 'api', 'apis', 'openid/v1/jwks', 'version'];

const prefixOf = (group: string, version: string): string => (group === '' ? `api/${version}` : `apis/${group}/${version}`);

interface Described {
  strategy: KindStrategy;
  schema?: Json;
}

function described(custom: readonly ServedResource[]): Described[] {
  return [
    ...allStrategies().map(strategy => ({ strategy })),
    ...custom.map(({ strategy, custom: parts }) => ({ strategy, schema: parts?.openApi ?? { type: 'object' } })),
  ];
}

/** The documents that there are; the fingerprint changes when the document does. */
export function openApiVersions(custom: readonly ServedResource[]): { name: string; fingerprint: string }[] {
  const names = new Map<string, string>(STATIC_PATHS.map(name => [name, 'static']));
  for (const { strategy, schema } of described(custom)) {
    if (strategy.group !== '') names.set(`apis/${strategy.group}`, 'group');
    const name = prefixOf(strategy.group, strategy.version);
    names.set(name, `${names.get(name) ?? ''}${schema ? JSON.stringify(schema) : ''}`);
  }
  return [...names].map(([name, fingerprint]) => ({ name, fingerprint })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

const componentName = ({ strategy, schema }: Described, components: Record<string, Json>): string | undefined => {
  if (schema) return `${strategy.group.split('.').reverse().join('.')}.${strategy.version}.${strategy.kind}`;
  for (const [name, component] of Object.entries(components)) {
    const kinds = component[GVK] as { group: string; version: string; kind: string }[] | undefined;
    if (
      kinds?.length === 1 &&
      kinds[0]?.kind === strategy.kind &&
      kinds[0].version === strategy.version &&
      kinds[0].group === strategy.group
    )
      return name;
  }
  return undefined;
};

const PATCH_BODY = { schema: { type: 'object' } };

/** kubectl looks here for the patch formats that a kind takes. */
function patchTypes(custom: boolean): Json {
  const strategic = custom ? {} : { 'application/strategic-merge-patch+json': PATCH_BODY };
  const all = {
    'application/apply-patch+yaml': PATCH_BODY,
    'application/json-patch+json': PATCH_BODY,
    'application/merge-patch+json': PATCH_BODY,
  };
  return { ...all, ...strategic };
}

function operation(verb: string, { strategy, schema: customSchema }: Described, reference: Json, v3: boolean): Json {
  const [, action] = ACTIONS[verb] as [string, string];
  const custom = customSchema !== undefined;
  const names =
    verb === 'patch' ? [...WRITE_PARAMETERS, 'force'] : verb === 'create' || verb === 'update' ? WRITE_PARAMETERS : [];
  const parameters = names.map(name => ({
    name,
    in: 'query',
    ...(v3 ? { schema: { type: name === 'force' ? 'boolean' : 'string' } } : { type: name === 'force' ? 'boolean' : 'string' }),
  }));
  return {
    operationId: `${action}${strategy.group}${strategy.version}${strategy.kind}`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(verb === 'patch' && v3 ? { requestBody: { content: patchTypes(custom) } } : {}),
    ...(verb === 'patch' && !v3 ? { consumes: Object.keys(patchTypes(custom)) } : {}),
    responses: {
      '200': { description: 'OK', ...(v3 ? { content: { 'application/json': { schema: reference } } } : { schema: reference }) },
    },
    'x-kubernetes-action': action,
    [GVK]: { group: strategy.group, version: strategy.version, kind: strategy.kind },
  };
}

function pathsOf(entry: Described, reference: Json, v3: boolean): Record<string, Json> {
  const { strategy } = entry;
  const base = `/${prefixOf(strategy.group, strategy.version)}${strategy.namespaced ? '/namespaces/{namespace}' : ''}/${strategy.resource}`;
  const paths: Record<string, Json> = {};
  for (const verb of strategy.verbs) {
    const method = ACTIONS[verb]?.[0];
    if (!method) continue;
    const path = COLLECTION_VERBS.has(verb) ? base : `${base}/{name}`;
    (paths[path] ??= {})[method] = operation(verb, entry, reference, v3);
  }
  return paths;
}

/** All names that a component refers to, itself included. */
function reachable(roots: readonly string[], components: Record<string, Json>): Record<string, Json> {
  const found: Record<string, Json> = {};
  const visit = (name: string): void => {
    const component = components[name];
    if (!component || found[name]) return;
    found[name] = component;
    for (const match of JSON.stringify(component).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) visit(match[1] as string);
  };
  for (const root of roots) visit(root);
  return found;
}

/** The same schemas with what they and their properties are for. */
function withDescriptions(schemas: Record<string, Json>): Record<string, Json> {
  const texts = schemaDescriptions();
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => {
      const own = texts[name];
      if (!own) return [name, schema];
      const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(
        ([property, value]) => [property, own[property] ? { description: own[property], ...value } : value] as const,
      );
      return [
        name,
        {
          ...(own[''] ? { description: own[''] } : {}),
          ...schema,
          ...(properties.length > 0 ? { properties: Object.fromEntries(properties) } : {}),
        },
      ];
    }),
  );
}

const METADATA = { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] };

function customComponent({ strategy, schema }: Described): Json {
  const properties = (schema?.['properties'] ?? {}) as Json;
  return {
    ...schema,
    type: 'object',
    properties: { ...properties, apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: METADATA },
    [GVK]: [{ group: strategy.group, version: strategy.version, kind: strategy.kind }],
  };
}

/** One group version's document by its name in the index; undefined when there is none. */
export function openApiV3(name: string, custom: readonly ServedResource[]): Json | undefined {
  const all = described(custom);
  if (!openApiVersions(custom).some(version => version.name === name)) return undefined;
  const entries = all.filter(({ strategy }) => prefixOf(strategy.group, strategy.version) === name);
  const components = openApiComponents() as Record<string, Json>;
  const own: Record<string, Json> = {};
  const paths: Record<string, Json> = {};
  const roots: string[] = [];
  for (const entry of entries) {
    const component = componentName(entry, components);
    if (!component) continue;
    roots.push(component);
    if (entry.schema) own[component] = customComponent(entry);
    const list = `${component}List`;
    if (components[list]) roots.push(list);
    Object.assign(paths, pathsOf(entry, { $ref: `#/components/schemas/${component}` }, true));
  }
  if (name === 'api/v1')
    roots.push(...Object.keys(components).filter(key => key.startsWith('io.k8s.apimachinery.pkg.apis.meta.v1.')));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.34.4' },
    paths,
    components: { schemas: withDescriptions(reachable(roots, { ...components, ...own })) },
  };
}

/** OpenAPI v2 has no defaults or unions beside a reference: `allOf` of one reference becomes the reference. */
function downgrade(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(downgrade);
  if (typeof value !== 'object' || value === null) return value;
  const source = value as Json;
  const all = source['allOf'] as Json[] | undefined;
  if (all?.length === 1 && all[0]?.['$ref'])
    return { $ref: String(all[0]['$ref']).replace('#/components/schemas/', '#/definitions/') };
  const result: Json = {};
  for (const [key, item] of Object.entries(source)) {
    if (key === 'default' || key === 'oneOf' || key === 'anyOf' || key === 'nullable' || key === 'not') continue;
    result[key] = key === '$ref' ? String(item).replace('#/components/schemas/', '#/definitions/') : downgrade(item);
  }
  return result;
}

export function openApiV2(custom: readonly ServedResource[]): Json {
  const components = openApiComponents() as Record<string, Json>;
  const definitions: Json = {};
  const paths: Json = {};
  for (const [name, component] of Object.entries(components)) definitions[name] = downgrade(component);
  for (const entry of described(custom)) {
    const name = componentName(entry, components);
    if (!name) continue;
    if (entry.schema) definitions[name] = downgrade(customComponent(entry));
    Object.assign(paths, pathsOf(entry, { $ref: `#/definitions/${name}` }, false));
  }
  return { swagger: '2.0', info: { title: 'Kubernetes', version: '1.34' }, paths, definitions };
}
