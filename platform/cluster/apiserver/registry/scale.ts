// The scale subresource: a small object of its own over the replicas of another.
import type { KindObject } from '../../kinds/index.ts';
import { strategyForKind } from '../../kinds/index.ts';
import { builtinSchema, type FieldError } from '../../schema/index.ts';
import type { RequestContext } from '../request-context.ts';
import { badRequest, invalid, methodNotAllowed, noSuchResource, notFound } from '../status-error.ts';
import { readObject } from './decode.ts';
import { patched, patchObject } from './patch.ts';
import { parsePatch, patchFormat } from './patch-body.ts';
import type { RegistryParts } from './registry-parts.ts';
import { keyOf, type ServedResource, versioned } from './served-resource.ts';
import { updateObject } from './update.ts';
import { writeOptions } from './write-request.ts';

const METADATA = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'] as const;

function scaleOf({ strategy }: ServedResource, object: KindObject): KindObject {
  const values = strategy.scale?.get(object);
  if (!values) throw noSuchResource();
  const metadata: Record<string, unknown> = {};
  for (const key of METADATA) if (object.metadata[key] !== undefined) metadata[key] = object.metadata[key];
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata,
    spec: values.specReplicas === 0 ? {} : { replicas: values.specReplicas },
    status: { replicas: values.statusReplicas, ...(values.selector === undefined ? {} : { selector: values.selector }) },
  };
}

/** The Scale kind as a resource, for decoding and patching. */
function scaleResource(): ServedResource {
  const schema = builtinSchema('autoscaling', 'v1', 'Scale');
  const strategy = strategyForKind('autoscaling', 'v1', 'Scale');
  if (!schema) throw new Error('the schema of Scale is missing');
  const base =
    strategy ??
    ({
      group: 'autoscaling',
      version: 'v1',
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      applyDefaults: () => {},
    } as unknown as ServedResource['strategy']);
  return { strategy: base, schema, collection: '', name: { group: 'autoscaling', resource: 'scales' } };
}

function checkScale(scale: KindObject, name: string): number {
  const given = scale.metadata['name'];
  if (given !== undefined && given !== name)
    throw badRequest(`the name of the object (${String(given)}) does not match the name on the URL (${name})`);
  const replicas = (scale['spec'] as { replicas?: number } | undefined)?.replicas ?? 0;
  const errors: FieldError[] =
    replicas < 0
      ? [{ type: 'Invalid value', field: 'spec.replicas', badValue: replicas, detail: 'must be greater than or equal to 0' }]
      : [];
  if (errors.length > 0) throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, errors);
  return replicas;
}

/** GET, PUT and PATCH of a scale. @throws StatusError */
export async function serveScale(parts: RegistryParts, context: RequestContext, resource: ServedResource): Promise<KindObject> {
  const { namespace, name, verb } = context.info;
  const { scale } = resource.strategy;
  if (!scale) throw noSuchResource();
  const update = (options: ReturnType<typeof writeOptions>, wanted: (current: KindObject) => KindObject) =>
    updateObject(parts, {
      context,
      resource,
      namespace,
      name,
      subresource: 'scale',
      options,
      change: current => {
        const asked = wanted(scaleOf(resource, current));
        const next = structuredClone(current);
        scale.set(next, checkScale(asked, name));
        next.metadata['resourceVersion'] = asked.metadata['resourceVersion'] ?? current.metadata['resourceVersion'];
        return next;
      },
    });
  if (verb === 'get') {
    const record = parts.store.get(keyOf(resource, namespace, name));
    if (!record) throw notFound(resource.name, name);
    return scaleOf(resource, versioned(resource, record));
  }
  if (verb === 'update') {
    const options = writeOptions(context, 'UpdateOptions');
    const body = await readObject(context, scaleResource(), options);
    return scaleOf(
      resource,
      update(options, () => body),
    );
  }
  if (verb !== 'patch') throw methodNotAllowed();
  const target = scaleResource();
  const format = patchFormat(target, context.request.headers['content-type']);
  if (format === 'apply') return scaleOf(resource, (await applyScale(parts, context, resource)).object);
  const options = writeOptions(context, 'PatchOptions');
  const patch = parsePatch(await context.request.body(), format);
  return scaleOf(
    resource,
    update(options, current => patched({ resource: target, context }, options, { current, format, patch })),
  );
}

/** Server-side apply of a Scale is one of the replicas alone to the scaled object. */
async function applyScale(parts: RegistryParts, context: RequestContext, resource: ServedResource) {
  const { namespace, name } = context.info;
  const options = writeOptions(context, 'PatchOptions', { apply: true });
  const body = await readObject(
    { ...context, request: { ...context.request, headers: { ...context.request.headers, 'content-type': 'application/yaml' } } },
    scaleResource(),
    options,
  );
  const { apiVersion, kind } = resource.strategy;
  const applied: KindObject = { apiVersion, kind, metadata: { name, namespace } };
  resource.strategy.scale?.set(applied, checkScale(body, name));
  const request = { ...context.request, body: async () => Buffer.from(JSON.stringify(applied)) };
  return patchObject(parts, { context: { ...context, request }, resource, namespace, name, subresource: 'scale' });
}
