// Tables: what `kubectl get` prints, with the columns and cells of the kind.
import type { KindObject } from '../../kinds/index.ts';
import data from '../generated/column-descriptions.json' with { type: 'json' };
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
const { texts, columns: described } = data as { texts: string[]; columns: Record<string, number[]> };

/** What each column means, as the real server says it; custom resources share the words for name and age. */
function descriptions({ strategy }: ServedResource): string[] {
  const own = described[`${strategy.apiVersion}/${strategy.resource}`];
  if (own) return own.map(index => texts[index] ?? '');
  const [name = 0, , age = 0] = described['v1/configmaps'] ?? [];
  const shared: Record<string, string | undefined> = { Name: texts[name], Age: texts[age] };
  return strategy.columns.map(column => shared[column.name] ?? '');
}

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
  const meanings = headers ? descriptions(resource) : [];
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: headers
      ? strategy.columns.map((column, index) => ({ description: meanings[index] ?? '', ...column }))
      : null,
    rows: objects.map(object => ({
      cells: strategy.cells(object, now),
      ...(includeObject === 'None'
        ? { object: null }
        : { object: includeObject === 'Object' ? object : partialMetadata(rowObject(object), version) }),
    })),
  };
}
