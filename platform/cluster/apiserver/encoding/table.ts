// Tables: what `kubectl get` prints, with the columns and cells of the kind.
import type { KindObject } from '../../kinds/index.ts';
import type { ServedResource } from '../registry/served-resource.ts';
import { partialMetadata } from './partial-metadata.ts';

interface TableParts {
  version: 'v1' | 'v1beta1';
  includeObject: string;
  now: Date;
  /** False for all but the first table of a watch. */
  headers: boolean;
  metadata: Record<string, unknown>;
}

export function includeObjectOf(query: URLSearchParams): string {
  return query.get('includeObject') || 'Metadata';
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
    columnDefinitions: headers ? strategy.columns.map(column => ({ description: '', ...column })) : null,
    rows: objects.map(object => ({
      cells: strategy.cells(object, now),
      ...(includeObject === 'None'
        ? { object: null }
        : { object: includeObject === 'Object' ? object : partialMetadata(object, version) }),
    })),
  };
}
