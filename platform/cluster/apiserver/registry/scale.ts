// The scale subresource: a small object of its own over the replicas of another, its ownership included.
import { type KindObject, strategyForKind } from '../../kinds/index.ts';
import {
  applyServerSide,
  builtinSchema,
  copyValue,
  type FieldError,
  scaleManagedFields,
  scaleManagedFieldsToParent,
  trackUpdate,
} from '../../schema/index.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest, invalid, methodNotAllowed, noSuchResource, notFound } from '../status-error.ts';
import { readObject } from './decode.ts';
import { applyFailure, patched } from './patch.ts';
import { parsePatch, patchFormat } from './patch-body.ts';
import type { RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource, versioned } from './served-resource.ts';
import { rfc3339 } from './system-fields.ts';
import { updateObject } from './update.ts';
import { type WriteOptions, writeOptions } from './write-request.ts';

const METADATA = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'] as const;
const API_VERSION = 'autoscaling/v1';

/** The scale of an object. @throws StatusError 404 when its kind has none */
export function scaleOf({ strategy }: ServedResource, object: KindObject): KindObject {
  const values = strategy.scale?.get(object);
  if (!values) throw noSuchResource();
  const metadata: Record<string, unknown> = {};
  for (const key of METADATA) if (object.metadata[key] !== undefined) metadata[key] = object.metadata[key];
  return {
    kind: 'Scale',
    apiVersion: API_VERSION,
    metadata,
    spec: values.specReplicas === 0 ? {} : { replicas: values.specReplicas },
    status: { replicas: values.statusReplicas, ...(values.selector === undefined ? {} : { selector: values.selector }) },
  };
}

/** The Scale kind as a resource, for decoding and patching. */
function scaleResource(): ServedResource {
  const schema = builtinSchema('autoscaling', 'v1', 'Scale');
  if (!schema) throw new Error('the schema of Scale is missing');
  const known = strategyForKind('autoscaling', 'v1', 'Scale');
  const own = { group: 'autoscaling', version: 'v1', apiVersion: API_VERSION, kind: 'Scale', applyDefaults: () => {} };
  return {
    strategy: known ?? (own as unknown as ServedResource['strategy']),
    schema,
    collection: '',
    name: { group: 'autoscaling', resource: 'scales' },
  };
}

function replicasOf(scale: KindObject, name: string): number {
  const given = scale.metadata.name;
  if (given !== undefined && given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  const replicas = (scale['spec'] as { replicas?: number } | undefined)?.replicas ?? 0;
  if (replicas >= 0) return replicas;
  const detail = 'must be greater than or equal to 0';
  const errors: FieldError[] = [{ type: 'Invalid value', field: 'spec.replicas', badValue: replicas, detail }];
  throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, errors);
}

/** Where the replicas of a kind are, found by setting them. */
function replicasPath({ strategy }: ServedResource): string[] {
  const probe = { apiVersion: strategy.apiVersion, kind: strategy.kind, metadata: {} } as KindObject;
  strategy.scale?.set(probe, 1);
  const path: string[] = [];
  let at: unknown = Object.fromEntries(
    Object.entries(probe).filter(([key]) => !['apiVersion', 'kind', 'metadata'].includes(key)),
  );
  while (typeof at === 'object' && at !== null) {
    const key = Object.keys(at)[0] as string;
    path.push(key);
    at = (at as Record<string, unknown>)[key];
  }
  return path;
}

interface ScaleWrite {
  parts: RegistryParts;
  context: RequestContext;
  resource: ServedResource;
  options: WriteOptions;
}

/** Updates the scaled object; `wanted` makes the new Scale, with its managedFields, from the current one. */
function writeScale({ parts, context, resource, options }: ScaleWrite, wanted: (scale: KindObject) => KindObject): KindObject {
  const { namespace, name } = context.info;
  const path = replicasPath(resource);
  const { apiVersion } = resource.strategy;
  const change = (current: KindObject): KindObject => {
    const fields = { parent: current.metadata.managedFields, replicasPath: path, apiVersion };
    const scale = scaleOf(resource, current);
    const owned = scaleManagedFields(fields);
    if (owned) scale.metadata.managedFields = owned;
    const asked = wanted(scale);
    const next = copyValue(current);
    resource.strategy.scale?.set(next, replicasOf(asked, name));
    next.metadata.resourceVersion = asked.metadata.resourceVersion ?? current.metadata.resourceVersion;
    const managedFields = scaleManagedFieldsToParent(asked.metadata.managedFields, fields);
    if (managedFields) next.metadata.managedFields = managedFields;
    else delete next.metadata.managedFields;
    return next;
  };
  return updateObject(parts, { context, resource, namespace, name, subresource: 'scale', options, change, tracked: true });
}

/** The Scale with the ownership of a write by Update. */
function tracked({ options, context }: ScaleWrite, before: KindObject, after: KindObject): KindObject {
  const managedFields = trackUpdate({
    schema: scaleResource().schema,
    before,
    after: { ...after, metadata: { ...after.metadata, managedFields: before.metadata.managedFields } },
    manager: options.fieldManager,
    apiVersion: API_VERSION,
    subresource: 'scale',
    time: rfc3339(context.now),
    resetFields: [['status']],
  });
  return { ...after, metadata: { ...after.metadata, managedFields } };
}

function applied(write: ScaleWrite, live: KindObject, wanted: KindObject): KindObject {
  try {
    const { object } = applyServerSide({
      schema: scaleResource().schema,
      live,
      applied: wanted,
      manager: write.options.fieldManager,
      force: write.options.force,
      apiVersion: API_VERSION,
      subresource: 'scale',
      time: rfc3339(write.context.now),
      resetFields: [['status']],
    });
    return object as KindObject;
  } catch (error) {
    throw applyFailure(error);
  }
}

/** GET, PUT and PATCH of a scale. @throws StatusError */
export async function serveScale(parts: RegistryParts, context: RequestContext, resource: ServedResource): Promise<KindObject> {
  const { namespace, name, verb } = context.info;
  if (!resource.strategy.scale) throw noSuchResource();
  if (verb === 'get') {
    const record = parts.store.get(keyOf(resource, namespace, name));
    if (!record) throw notFound(resource.name, name);
    return scaleOf(resource, versioned(resource, record));
  }
  const target = scaleResource();
  if (verb === 'update') {
    const options = writeOptions(context, 'UpdateOptions');
    const body = await readObject(context, target, options);
    const write = { parts, context, resource, options };
    return scaleOf(
      resource,
      writeScale(write, scale => tracked(write, scale, body)),
    );
  }
  if (verb !== 'patch') throw methodNotAllowed();
  const format = patchFormat(target, context.request.headers['content-type']);
  const options = writeOptions(context, 'PatchOptions', { apply: format === 'apply' });
  const patch = parsePatch(await context.request.body(), format);
  const write = { parts, context, resource, options };
  if (format === 'apply')
    return scaleOf(
      resource,
      writeScale(write, scale => applied(write, scale, patch as KindObject)),
    );
  const change = (scale: KindObject) =>
    tracked(write, scale, patched({ resource: target, context }, options, { current: scale, format, patch }));
  return scaleOf(resource, writeScale(write, change));
}
