// Watches: the current state when asked for, then every change that concerns the selection, with bookmarks and a time limit.
import { randomInt } from 'node:crypto';
import type { KindObject } from '../../kinds/index.ts';
import { type Store, type StoredRecord, type StoreEvent, StoreExpired } from '../../store/index.ts';
import { partialMetadata } from '../encoding/partial-metadata.ts';
import { acceptedForm } from '../encoding/respond.ts';
import { includeObjectOf, tableOf } from '../encoding/table.ts';
import type { ApiResponse, RequestContext, ResponseSink } from '../request-context.ts';
import { expired, StatusError } from '../status-error.ts';
import { checkReached, type ListOptions, listOptions, revisionOf } from './list-options.ts';
import { type Selection, selectionOf } from './selection.ts';
import { type ServedResource, versioned, versionedJson } from './served-resource.ts';

const BOOKMARK_MS = 60_000;
// kube-apiserver's --min-request-timeout, and as much again by chance so that watches don't end together.
const MIN_TIMEOUT_SECONDS = 1800;
/** A client that does not read is cut off here; it will list again. */
const PENDING_LIMIT_BYTES = 32 * 1024 * 1024;

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';
type Encoder = (type: EventType | 'BOOKMARK', object: KindObject, json?: () => string) => string;

function encoderOf(context: RequestContext, resource: ServedResource): Encoder {
  const { as } = acceptedForm(context);
  const line = (type: string, json: string) => `{"type":"${type}","object":${json}}\n`;
  if (!as) return (type, object, json) => line(type, json ? json() : JSON.stringify(object));
  if (as.kind === 'Table') {
    const includeObject = includeObjectOf(context.info.query);
    let headers = true;
    return (type, object) => {
      const metadata = { resourceVersion: object.metadata['resourceVersion'] };
      if (type === 'BOOKMARK')
        return line(
          type,
          JSON.stringify(
            tableOf(resource, [object], { version: as.version, includeObject, now: new Date(), headers: false, metadata }),
          ),
        );
      const table = tableOf(resource, [object], { version: as.version, includeObject, now: new Date(), headers, metadata });
      headers = false;
      return line(type, JSON.stringify(table));
    };
  }
  if (as.kind === 'PartialObjectMetadata')
    return (type, object) => line(type, JSON.stringify(partialMetadata(object, as.version)));
  throw new StatusError(406, `watch is not supported as ${as.kind}`, { reason: 'NotAcceptable' });
}

interface WatchParts {
  store: Store;
  resource: ServedResource;
  namespace: string;
  selection: Selection;
  options: ListOptions;
  encode: Encoder;
}

/** @throws StatusError 400, 406, 422, 500, 504 before the stream begins; what comes later is an ERROR event. */
export function watchResource(store: Store, context: RequestContext, resource: ServedResource): ApiResponse {
  const { query, namespace, name } = context.info;
  const options = listOptions(query, { watch: true });
  const revision = revisionOf(options.resourceVersion);
  const parts: WatchParts = {
    store,
    resource,
    namespace: resource.strategy.namespaced ? namespace : '',
    selection: selectionOf(resource, query, name),
    options,
    encode: encoderOf(context, resource),
  };
  checkReached(options.sendInitialEvents === undefined ? undefined : revision, store.revision);
  return {
    status: 200,
    headers: { 'content-type': 'application/json' },
    stream: (sink, signal) => stream(parts, revision, sink, signal),
  };
}

async function stream(parts: WatchParts, revision: number | undefined, sink: ResponseSink, signal: AbortSignal): Promise<void> {
  const { store, resource, options } = parts;
  const ended = new AbortController();
  const end = () => ended.abort();
  const seconds = options.timeoutSeconds || MIN_TIMEOUT_SECONDS + randomInt(MIN_TIMEOUT_SECONDS);
  const timeout = setTimeout(end, Math.min(seconds * 1000, 2 ** 31 - 1));
  signal.addEventListener('abort', end, { once: true });
  let last = 0;
  const bookmark = (annotations?: Record<string, string>) => {
    last = store.durableRevision;
    const { apiVersion, kind } = resource.strategy;
    const metadata = { resourceVersion: String(last), ...(annotations ? { annotations } : {}) };
    sink.write(parts.encode('BOOKMARK', { kind, apiVersion, metadata }));
  };
  const bookmarks = options.allowWatchBookmarks
    ? setInterval(() => store.durableRevision > last && bookmark(), BOOKMARK_MS)
    : undefined;
  try {
    await store.durable();
    const since = sendInitial(parts, revision, sink);
    const listener = (event: StoreEvent) => {
      const text = encodeEvent(parts, event);
      if (text === undefined) return;
      sink.write(text);
      if (sink.pendingBytes > PENDING_LIMIT_BYTES) end();
    };
    if (options.sendInitialEvents && options.allowWatchBookmarks) bookmark({ 'k8s.io/initial-events-end': 'true' });
    if (!ended.signal.aborted) store.watch(resource.collection, { since, signal: ended.signal }, listener);
    if (!ended.signal.aborted)
      await new Promise<void>(resolve => ended.signal.addEventListener('abort', () => resolve(), { once: true }));
  } catch (error) {
    if (!(error instanceof StoreExpired)) throw error;
    const status = expired(`too old resource version: ${revision ?? 0} (${error.oldest})`);
    sink.write(`{"type":"ERROR","object":${JSON.stringify(status.body)}}\n`);
  } finally {
    end();
    clearTimeout(timeout);
    clearInterval(bookmarks);
    signal.removeEventListener('abort', end);
  }
}

/** Sends the current state when the request asks for it; answers the revision from which changes follow. */
function sendInitial(
  { store, resource, namespace, selection, options, encode }: WatchParts,
  revision: number | undefined,
  sink: ResponseSink,
): number {
  const initial = options.sendInitialEvents ?? (revision === undefined || revision === 0);
  if (!initial) return revision === undefined || revision === 0 ? store.durableRevision : revision;
  for (const record of store.list(resource.collection, namespace === '' ? undefined : namespace)) {
    const object = versioned(resource, record);
    if (selection.matches(object)) sink.write(encode('ADDED', object, () => versionedJson(resource, record)));
  }
  return store.revision;
}

const under = (record: StoredRecord, resource: ServedResource, revision: number): KindObject => {
  const object = versioned(resource, record);
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
};

/** The event as this watcher sees it: objects enter and leave its selection. */
function encodeEvent(
  { resource, namespace, selection, encode }: WatchParts,
  { type, record, previous }: StoreEvent,
): string | undefined {
  if (namespace !== '' && record.key.namespace !== namespace) return undefined;
  const object = versioned(resource, record);
  const json = () => versionedJson(resource, record);
  if (selection.all) return encode(type === 'added' ? 'ADDED' : type === 'modified' ? 'MODIFIED' : 'DELETED', object, json);
  const before = previous !== undefined && selection.matches(versioned(resource, previous));
  const now = type !== 'deleted' && selection.matches(object);
  if (now) return encode(before ? 'MODIFIED' : 'ADDED', object, json);
  if (!before || !previous) return undefined;
  return type === 'deleted' ? encode('DELETED', object, json) : encode('DELETED', under(previous, resource, record.revision));
}
