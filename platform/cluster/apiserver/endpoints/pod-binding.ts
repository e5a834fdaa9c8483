// Binds a pod to a node: what a scheduler does.
import type { FieldError } from '../../schema/index.ts';
import type { ApiParts } from '../api-parts.ts';
import { respondDocument } from '../encoding/respond.ts';
import { rfc3339 } from '../registry/system-fields.ts';
import { updateObject } from '../registry/update.ts';
import { writeOptions } from '../registry/write-request.ts';
import type { ApiResponse, RequestContext } from '../request-context.ts';
import { conflict, invalid, noSuchResource } from '../status-error.ts';
import { readBody } from './review-body.ts';

interface Condition {
  type: string;
  status: string;
  lastProbeTime?: string | null;
  lastTransitionTime?: string;
}

function targetErrors(target: { kind?: string; name?: string } | undefined): FieldError[] {
  const errors: FieldError[] = [];
  if (target?.kind && target.kind !== 'Node')
    errors.push({
      type: 'Unsupported value',
      field: 'target.kind',
      badValue: target.kind,
      detail: 'supported values: "Node", "<empty>"',
    });
  if (!target?.name) errors.push({ type: 'Required value', field: 'target.name', detail: '' });
  return errors;
}

function scheduled(conditions: readonly Condition[] | undefined, now: string): Condition[] {
  const others = (conditions ?? []).filter(condition => condition.type !== 'PodScheduled');
  return [...others, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now }];
}

/** POST of a Binding, to the pod's subresource or to the collection of bindings. */
export async function bindPod(parts: ApiParts, context: RequestContext): Promise<ApiResponse> {
  const body = await readBody(context, { group: '', version: 'v1', kind: 'Binding' });
  const target = body['target'] as { kind?: string; name?: string } | undefined;
  const name = context.info.name || String(body.metadata['name'] ?? '');
  const errors = targetErrors(target);
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors);
  const resource = parts.resources.find('', 'v1', 'pods');
  if (!resource) throw noSuchResource();
  const node = target?.name as string;
  const binding = { group: '', resource: 'pods/binding' };
  updateObject(parts, {
    context,
    resource,
    namespace: context.info.namespace,
    name,
    subresource: 'binding',
    tracked: true,
    trusted: true,
    options: writeOptions(context, 'CreateOptions'),
    change: current => {
      const next = structuredClone(current);
      const { uid, resourceVersion } = body.metadata;
      if (uid && uid !== current.metadata['uid'])
        throw conflict(
          binding,
          name,
          `the UID in the precondition (${String(uid)}) does not match the UID in record (${String(current.metadata['uid'])})`,
        );
      if (resourceVersion) next.metadata['resourceVersion'] = resourceVersion;
      const spec = next['spec'] as { nodeName?: string; schedulingGates?: unknown[] };
      if (current.metadata['deletionTimestamp'])
        throw conflict(binding, name, `pod ${name} is being deleted, cannot be assigned to a host`);
      if (spec.nodeName) throw conflict(binding, name, `pod ${name} is already assigned to node "${spec.nodeName}"`);
      if (spec.schedulingGates?.length) throw conflict(binding, name, `pod ${name} has non-empty .spec.schedulingGates`);
      spec.nodeName = node;
      next.metadata['annotations'] = mergedAnnotations(next.metadata['annotations'], body.metadata['annotations']);
      if (next.metadata['annotations'] === undefined) delete next.metadata['annotations'];
      const status = (next['status'] ??= {}) as { conditions?: Condition[] };
      status.conditions = scheduled(status.conditions, rfc3339(context.now));
      return next;
    },
  });
  await parts.store.durable();
  return respondDocument(context, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }, 201);
}

type Annotations = Record<string, string> | undefined;

function mergedAnnotations(own: Annotations, added: Annotations): Annotations {
  return added ? { ...own, ...added } : own;
}
