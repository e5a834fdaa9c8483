// Tables: what `kubectl get` prints, with the columns and cells of the kind.
import type { KindObject } from '../../kinds/index.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { badRequest } from '../status-error.ts';
import { partialMetadata } from './partial-metadata.ts';

interface TableParts {
  version: 'v1' | 'v1beta1';
  includeObject: string;
  now: Date;
  /** False for all but the first table of a watch. */
  headers: boolean;
  metadata: Record<string, unknown>;
}

const INCLUDE = new Set(['None', 'Metadata', 'Object', '']);
const NAME =
  'Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names';
const AGE =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata';
const DESCRIPTIONS: Record<string, string> = { Name: NAME, Age: AGE };

/** @throws StatusError 400 */
export function includeObjectOf(query: URLSearchParams): string {
  const value = query.get('includeObject') ?? '';
  if (!INCLUDE.has(value)) {
    const why = `includeObject: Invalid value: ${JSON.stringify(value)}: must be 'Metadata', 'Object', 'None', or empty`;
    throw badRequest(`Unable to convert to Table as requested: ${why}`);
  }
  return value || 'Metadata';
}

/** The annotation is made of a field when a DaemonSet is converted to v1, which rows of tables are not. */
const CONVERTED = 'deprecated.daemonset.template.generation';

function rowObject(object: KindObject): KindObject {
  const annotations = object.metadata.annotations;
  if (annotations?.[CONVERTED] === undefined) return object;
  const { [CONVERTED]: _converted, ...others } = annotations;
  const { annotations: _annotations, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(others).length > 0 ? { ...metadata, annotations: others } : metadata };
}

/** A Table of these objects. */
export function tableOf(
  resource: ServedResource,
  objects: readonly KindObject[],
  { version, includeObject, now, headers, metadata }: TableParts,
) {
  const { strategy } = resource;
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: headers
      ? strategy.columns.map(column => ({ description: DESCRIPTIONS[column.name] ?? '', ...column }))
      : null,
    rows: objects.map(object => ({
      cells: strategy.cells(object, now),
      ...(includeObject === 'None'
        ? { object: null }
        : { object: includeObject === 'Object' ? object : partialMetadata(rowObject(object), version) }),
    })),
  };
}
