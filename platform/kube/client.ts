// A dynamic Kubernetes client: any kind by apiVersion and kind, over any transport.
import { DarumaError } from '../core/index.ts';
import { isApiError, KubeApiError } from './errors.ts';
import { collectionPath, objectPath, ResourceMap } from './resources.ts';
import type { KubeResponse, KubeTransport } from './transport.ts';
import type { KubeObject, ObjectRef, ResourceInfo, ResourceKind, StatusObject, WatchEvent } from './types.ts';

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  limit?: number;
  signal?: AbortSignal;
}

export interface WriteOptions {
  fieldManager?: string;
  dryRun?: boolean;
  subresource?: string;
  signal?: AbortSignal;
}

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

export interface DeleteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: boolean;
  signal?: AbortSignal;
}

const PATCH_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** Calls throw KubeApiError for answers that are no success, DarumaError KUBERNETES_UNREACHABLE when there is none. Nothing is retried. */
export class KubeClient {
  readonly transport: KubeTransport;
  readonly #userAgent: string;
  readonly #fieldManager: string;
  readonly #resources: ResourceMap;

  constructor(
    transport: KubeTransport,
    { userAgent = 'daruma', fieldManager = userAgent }: { userAgent?: string; fieldManager?: string } = {},
  ) {
    this.transport = transport;
    this.#userAgent = userAgent;
    this.#fieldManager = fieldManager;
    this.#resources = new ResourceMap(path => this.#optional(() => this.raw('GET', path)));
  }

  /** The same connection under another name. */
  as(userAgent: string, fieldManager = userAgent): KubeClient {
    return new KubeClient(this.transport, { userAgent, fieldManager });
  }

  /** How a kind is addressed. @throws DarumaError NOT_FOUND */
  resource(kind: ResourceKind): Promise<ResourceInfo> {
    return this.#resources.find(kind);
  }

  /** Every resource that a group version serves, without sub-resources. */
  resourcesOf(apiVersion: string): Promise<ResourceInfo[]> {
    return this.#resources.listVersion(apiVersion);
  }

  /** The object, or undefined when there is none. */
  async get<T extends KubeObject = KubeObject>(
    ref: ObjectRef,
    { subresource, signal }: { subresource?: string; signal?: AbortSignal } = {},
  ): Promise<T | undefined> {
    const resource = await this.resource(ref);
    return this.#optional(() => this.raw<T>('GET', objectPath(resource, ref, subresource), { signal }));
  }

  async list<T extends KubeObject = KubeObject>(
    kind: ResourceKind,
    options: ListOptions = {},
  ): Promise<{ items: T[]; resourceVersion: string; continue?: string }> {
    const resource = await this.resource(kind);
    const query = toQuery({ labelSelector: options.labelSelector, fieldSelector: options.fieldSelector, limit: options.limit });
    const list = await this.raw<{ items: T[] | null; metadata: { resourceVersion: string; continue?: string } }>(
      'GET',
      collectionPath(resource, options.namespace) + query,
      { signal: options.signal },
    );
    const items = list.items ?? [];
    for (const item of items) {
      item.apiVersion ??= kind.apiVersion;
      item.kind ??= kind.kind;
    }
    return {
      items,
      resourceVersion: list.metadata.resourceVersion,
      ...(list.metadata.continue ? { continue: list.metadata.continue } : {}),
    };
  }

  async create<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const resource = await this.resource(object);
    const path = options.subresource
      ? objectPath(resource, { namespace: object.metadata.namespace, name: object.metadata.name ?? '' }, options.subresource)
      : collectionPath(resource, object.metadata.namespace ?? 'default');
    return this.raw<T>('POST', path + this.#writeQuery(options), { body: object, signal: options.signal });
  }

  async update<T extends KubeObject>(object: T, options: WriteOptions = {}): Promise<T> {
    const resource = await this.resource(object);
    return this.raw<T>('PUT', objectPath(resource, refOf(object), options.subresource) + this.#writeQuery(options), {
      body: object,
      signal: options.signal,
    });
  }

  async patch<T extends KubeObject = KubeObject>(
    ref: ObjectRef,
    body: unknown,
    { type, force, ...options }: WriteOptions & { type: PatchType; force?: boolean },
  ): Promise<T> {
    const resource = await this.resource(ref);
    const path = objectPath(resource, ref, options.subresource) + this.#writeQuery(options, force);
    return this.raw<T>('PATCH', path, { body, contentType: PATCH_TYPES[type], signal: options.signal });
  }

  /** Server-side apply. */
  apply<T extends KubeObject>(object: T, options: WriteOptions & { force?: boolean } = {}): Promise<T> {
    return this.patch<T>(refOf(object), object, { ...options, type: 'apply' });
  }

  /** False when there was nothing to delete. */
  async delete(ref: ObjectRef, { dryRun, signal, ...body }: DeleteOptions = {}): Promise<boolean> {
    const resource = await this.resource(ref);
    const answer = await this.#optional(() =>
      this.raw('DELETE', objectPath(resource, ref) + toQuery({ dryRun: dryRun ? 'All' : undefined }), {
        body: { kind: 'DeleteOptions', apiVersion: 'v1', ...body },
        signal,
      }),
    );
    return answer !== undefined;
  }

  /** Events from `resourceVersion` on, until the server ends the watch or the signal aborts. */
  async *watch<T extends KubeObject = KubeObject>(
    kind: ResourceKind,
    options: ListOptions & { resourceVersion?: string; timeoutSeconds?: number; bookmarks?: boolean },
  ): AsyncIterable<WatchEvent<T>> {
    const resource = await this.resource(kind);
    const query = toQuery({
      watch: 'true',
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      allowWatchBookmarks: options.bookmarks === false ? undefined : 'true',
    });
    const path = collectionPath(resource, options.namespace) + query;
    const response = await this.#send('GET', path, { signal: options.signal });
    for await (const line of response.lines()) {
      if (line !== '') yield JSON.parse(line) as WatchEvent<T>;
    }
  }

  /** Any request; the answer parsed from JSON. @throws KubeApiError */
  async raw<T = unknown>(
    method: string,
    path: string,
    options: { body?: unknown; contentType?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const response = await this.#send(method, path, options);
    const text = await response.text();
    try {
      return JSON.parse(text) as T;
    } catch (error) {
      throw new DarumaError('KUBERNETES_API', `${method} ${path} was answered with something else than JSON`, { cause: error });
    }
  }

  /** The text of a container's log, or its stream when followed. */
  async log(
    pod: { namespace: string; name: string; container?: string },
    options: { follow?: boolean; tailLines?: number; previous?: boolean; timestamps?: boolean; signal?: AbortSignal } = {},
  ): Promise<AsyncIterable<Uint8Array>> {
    const { signal, follow, previous, timestamps, tailLines } = options;
    const query = toQuery({
      container: pod.container,
      follow: follow || undefined,
      previous: previous || undefined,
      timestamps: timestamps || undefined,
      tailLines,
    });
    const path = `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}/log${query}`;
    return (await this.#send('GET', path, { signal })).bytes();
  }

  async #send(
    method: string,
    path: string,
    { body, contentType = 'application/json', signal }: { body?: unknown; contentType?: string; signal?: AbortSignal },
  ): Promise<KubeResponse> {
    const response = await this.transport.request({
      method,
      path,
      headers: {
        accept: 'application/json',
        'user-agent': this.#userAgent,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
    if (response.status >= 200 && response.status < 300) return response;
    throw new KubeApiError(response.status, statusFrom(await response.text()), `${method} ${path}`);
  }

  #writeQuery(options: WriteOptions, force?: boolean): string {
    return toQuery({
      fieldManager: options.fieldManager ?? this.#fieldManager,
      dryRun: options.dryRun ? 'All' : undefined,
      force: force === undefined ? undefined : String(force),
    });
  }

  async #optional<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      throw error;
    }
  }
}

/** The reference of an object that has a name. */
export function refOf(object: KubeObject): ObjectRef {
  const { namespace, name = '' } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, ...(namespace ? { namespace } : {}), name };
}

function statusFrom(text: string): StatusObject {
  try {
    const status = JSON.parse(text) as StatusObject;
    if (status && typeof status === 'object') return status;
  } catch {
    // Not every answer on the way is Kubernetes' own.
  }
  return { kind: 'Status', apiVersion: 'v1', message: text.trim().slice(0, 500) };
}

function toQuery(fields: Record<string, string | number | boolean | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}
