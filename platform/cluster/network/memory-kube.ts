// A little API server in memory for the tests of node and network: objects, status, merge patches, graceful pod deletion and watches.
import { randomUUID } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import {
  KubeClient,
  type KubeObject,
  type KubeRequest,
  type KubeResponse,
  type KubeTransport,
  type WatchEvent,
} from '../../kube/index.ts';

interface Stored extends KubeObject {
  plural: string;
}

type Fields = Record<string, unknown>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Fields = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

export class MemoryKube implements KubeTransport {
  readonly client = new KubeClient(this);
  readonly #objects = new Map<string, Stored>();
  readonly #events = new EventEmitter().setMaxListeners(0);
  #version = 1;

  async request({ method, path, body, signal }: KubeRequest): Promise<KubeResponse> {
    const url = new URL(path, 'http://memory');
    const parts = url.pathname.split('/').slice(url.pathname.startsWith('/api/') ? 3 : 4);
    const namespace = parts[0] === 'namespaces' && parts.length > 2 ? decodeURIComponent(parts[1] ?? '') : '';
    const [plural = '', name, subresource] = namespace ? parts.slice(2) : parts;
    const sent = body === undefined ? undefined : (JSON.parse(String(body)) as KubeObject);
    const key = `${plural}/${namespace}/${name === undefined ? (sent?.metadata.name ?? '') : decodeURIComponent(name)}`;
    if (method === 'POST' && subresource === 'token') return answer(201, { status: { token: `token-of-${name}` } });
    if (method === 'POST' && sent) return this.#create(key, plural, namespace, sent);
    if (method === 'GET' && name === undefined) return this.#collection({ plural, namespace, url, signal });
    const object = this.#objects.get(key);
    if (!object) return refusal(404, 'NotFound', `${plural} "${name}" not found`);
    if (method === 'GET') return answer(200, object);
    if (method === 'DELETE') return this.#delete(key, object, sent as unknown as { gracePeriodSeconds?: number });
    if (method !== 'PATCH') return refusal(405, 'MethodNotAllowed', method);
    const { uid } = sent?.metadata ?? {};
    if (uid && uid !== object.metadata.uid) return refusal(409, 'Conflict', 'another uid');
    return answer(200, this.#store(key, merge(object, sent) as Stored, 'MODIFIED'));
  }

  /** Creates or replaces, as a test's own client would. */
  async put(object: KubeObject): Promise<void> {
    await this.client.create(object);
  }

  #create(key: string, plural: string, namespace: string, object: KubeObject): KubeResponse {
    if (this.#objects.has(key)) return refusal(409, 'AlreadyExists', `${key} already exists`);
    const metadata = {
      ...object.metadata,
      ...(namespace ? { namespace } : {}),
      uid: object.metadata.uid ?? randomUUID(),
      generation: 1,
    };
    return answer(201, this.#store(key, { ...object, metadata, plural }, 'ADDED'));
  }

  #delete(key: string, object: Stored, { gracePeriodSeconds }: { gracePeriodSeconds?: number }): KubeResponse {
    const spec = object['spec'] as { terminationGracePeriodSeconds?: number } | undefined;
    const grace = gracePeriodSeconds ?? (object.plural === 'pods' ? (spec?.terminationGracePeriodSeconds ?? 30) : 0);
    if (grace > 0) {
      const metadata = { ...object.metadata, deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: grace };
      return answer(200, this.#store(key, { ...object, metadata }, 'MODIFIED'));
    }
    this.#objects.delete(key);
    this.#publish({
      type: 'DELETED',
      object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } },
    });
    return answer(200, object);
  }

  #store(key: string, object: Stored, type: 'ADDED' | 'MODIFIED'): Stored {
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } };
    this.#objects.set(key, stored);
    this.#publish({ type, object: stored });
    return stored;
  }

  #publish(event: WatchEvent): void {
    this.#events.emit('event', structuredClone(event));
  }

  #collection({
    plural,
    namespace,
    url,
    signal,
  }: {
    plural: string;
    namespace: string;
    url: URL;
    signal: AbortSignal | undefined;
  }): KubeResponse {
    const node = /^spec\.nodeName=(.+)$/.exec(url.searchParams.get('fieldSelector') ?? '')?.[1];
    const selected = (object: KubeObject & { plural?: string }): boolean =>
      object.plural === plural &&
      (namespace === '' || object.metadata.namespace === namespace) &&
      (node === undefined || (object['spec'] as { nodeName?: string }).nodeName === node);
    if (url.searchParams.get('watch') !== 'true') {
      const items = [...this.#objects.values()].filter(selected);
      return answer(200, { items: structuredClone(items), metadata: { resourceVersion: String(this.#version) } });
    }
    const from = Number(url.searchParams.get('resourceVersion') ?? '0');
    const missed = [...this.#objects.values()].filter(
      object => selected(object) && Number(object.metadata.resourceVersion) > from,
    );
    const events = on(this.#events, 'event', signal ? { signal } : {});
    async function* lines(): AsyncIterable<string> {
      for (const object of missed) yield JSON.stringify({ type: 'MODIFIED', object });
      for await (const [event] of events as AsyncIterable<[WatchEvent<KubeObject>]>) {
        if (event.type !== 'ERROR' && selected(event.object)) yield JSON.stringify(event);
      }
    }
    return { ...answer(200, {}), lines };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.removeAllListeners();
  }
}

function answer(status: number, body: unknown): KubeResponse {
  const text = JSON.stringify(body);
  return {
    status,
    headers: {},
    text: async () => text,
    async *lines() {
      yield text;
    },
    async *bytes() {
      yield Buffer.from(text);
    },
  };
}

function refusal(code: number, reason: string, message: string): KubeResponse {
  return answer(code, { kind: 'Status', apiVersion: 'v1', code, reason, message });
}
