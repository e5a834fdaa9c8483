// Lists: selectors, chunks, and lists as of a revision.
import type { KindObject } from '../../kinds/index.ts';
import { type Store, type StoredRecord, StoreExpired } from '../../store/index.ts';
import { expired } from '../status-error.ts';
import { decodeContinue, encodeContinue } from './continue-token.ts';
import { checkReached, type ListOptions, revisionOf } from './list-options.ts';
import type { Selection } from './selection.ts';
import { type ServedResource, versioned } from './served-resource.ts';

export interface ListResult {
  records: readonly StoredRecord[];
  revision: number;
  continueToken?: string;
  remaining?: number;
}

const CONTINUE_EXPIRED =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';

const positionOf = ({ key }: StoredRecord): string => `${key.namespace}/${key.name}`;

function recordsAt(store: Store, resource: ServedResource, namespace: string | undefined, revision: number | undefined) {
  if (revision === undefined) return store.list(resource.collection, namespace);
  try {
    return store.listAt(resource.collection, namespace, revision);
  } catch (error) {
    if (error instanceof StoreExpired) throw expired(`The resourceVersion for the provided list is too old.`);
    throw error;
  }
}

/** `namespace` '' means all. @throws StatusError 400, 410, 504 */
export function listRecords(
  store: Store,
  resource: ServedResource,
  { namespace, options, selection }: { namespace: string; options: ListOptions; selection: Selection },
): ListResult {
  const scope = resource.strategy.namespaced && namespace !== '' ? namespace : undefined;
  const asked = revisionOf(options.resourceVersion, { forList: true });
  let revision = store.revision;
  let records: readonly StoredRecord[];
  let after: string | undefined;
  if (options.continueToken !== '') {
    const token = decodeContinue(options.continueToken);
    revision = token.revision;
    after = token.after;
    checkReached(revision, store.revision);
    try {
      records = store.listAt(resource.collection, scope, revision);
    } catch (error) {
      if (error instanceof StoreExpired) throw expired(CONTINUE_EXPIRED);
      throw error;
    }
    const from = after;
    records = records.filter(record => positionOf(record) > from);
  } else {
    checkReached(asked, store.revision);
    const exact =
      options.resourceVersionMatch === 'Exact' ||
      (options.limit > 0 && asked !== undefined && asked > 0 && options.resourceVersionMatch === '');
    if (exact && asked !== undefined) revision = asked;
    if (!exact && selection.name !== undefined && scope !== undefined) {
      const record = store.get({ collection: resource.collection, namespace: scope, name: selection.name });
      records = record ? [record] : [];
    } else {
      records = recordsAt(store, resource, scope, exact ? asked : undefined);
    }
  }
  return chunk(records, revision, { resource, options, selection });
}

function chunk(
  records: readonly StoredRecord[],
  revision: number,
  { resource, options, selection }: { resource: ServedResource; options: ListOptions; selection: Selection },
): ListResult {
  const matches = (record: StoredRecord): boolean =>
    selection.all || selection.matches(versioned(resource, record) as KindObject);
  if (options.limit <= 0) return { records: selection.all ? records : records.filter(matches), revision };
  const found: StoredRecord[] = [];
  for (let index = 0; index < records.length; index++) {
    const record = records[index] as StoredRecord;
    if (!matches(record)) continue;
    if (found.length === options.limit) {
      const continueToken = encodeContinue({ revision, after: positionOf(found.at(-1) as StoredRecord) });
      return { records: found, revision, continueToken, ...(selection.all ? { remaining: records.length - index } : {}) };
    }
    found.push(record);
  }
  return { records: found, revision };
}
