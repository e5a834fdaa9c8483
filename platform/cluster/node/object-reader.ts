// ConfigMaps and Secrets that pods refer to, read as they are now and watched while a volume shows them.
import { Informer, type KubeClient, type KubeObject } from '../../kube/index.ts';

export interface DataObject extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
}

export type DataKind = 'ConfigMap' | 'Secret';

/** Whole contents by key. */
export function contentsOf(object: DataObject): Map<string, Buffer> {
  const encoded = object.kind === 'Secret';
  const contents = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(object.data ?? {}))
    contents.set(key, Buffer.from(value, encoded ? 'base64' : 'utf8'));
  for (const [key, value] of Object.entries(object.binaryData ?? {})) contents.set(key, Buffer.from(value, 'base64'));
  return contents;
}

export class ObjectReader {
  readonly #client: KubeClient;
  readonly #signal: AbortSignal;
  readonly #informers = new Map<DataKind, Informer<DataObject>>();

  constructor(client: KubeClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** As the API has it now; undefined when there is none. */
  get(kind: DataKind, namespace: string, name: string): Promise<DataObject | undefined> {
    return this.#client.get<DataObject>({ apiVersion: 'v1', kind, namespace, name }, { signal: this.#signal });
  }

  /** Calls `listener` when one of the named objects changes. The first watcher of a kind opens its watch. */
  watch(objects: readonly { kind: DataKind; name: string }[], namespace: string, listener: () => void): () => void {
    const ends = [...new Set(objects.map(({ kind }) => kind))].map(kind => {
      const names = new Set(objects.filter(object => object.kind === kind).map(({ name }) => name));
      return this.#informer(kind).onChange(({ object }) => {
        if (object.metadata.namespace === namespace && names.has(object.metadata.name ?? '')) listener();
      });
    });
    return () => {
      for (const end of ends) end();
    };
  }

  #informer(kind: DataKind): Informer<DataObject> {
    const existing = this.#informers.get(kind);
    if (existing) return existing;
    const informer = new Informer<DataObject>(this.#client, { apiVersion: 'v1', kind }, { signal: this.#signal });
    this.#informers.set(kind, informer);
    return informer;
  }
}
