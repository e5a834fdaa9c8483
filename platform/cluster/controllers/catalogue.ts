// What the cluster serves, for those who must touch every kind: the namespace controller and the garbage collector.
import type { KubeClient } from '../../kube/index.ts';
import { type ControllerHost, objectKey } from '../controller-runtime/index.ts';

export interface ServedResource {
  apiVersion: string;
  kind: string;
  /** Path of the resource in all namespaces. */
  path: string;
  plural: string;
  group: string;
  namespaced: boolean;
  verbs: string[];
}

interface GroupList {
  groups: { name: string; versions: { groupVersion: string }[]; preferredVersion: { groupVersion: string } }[];
}

/** Each resource once, in the version that its group prefers. Read again after a CustomResourceDefinition has changed. */
export class Catalogue {
  readonly #client: KubeClient;
  readonly #listeners: (() => void)[] = [];
  #resources: Promise<ServedResource[]> | undefined;

  constructor(host: ControllerHost) {
    this.#client = host.client;
    const established = new Map<string, string>();
    host.caches.of({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }).onChange((next, previous) => {
      const name = objectKey((next ?? previous) as NonNullable<typeof next>);
      const state = next ? JSON.stringify([next['spec'], (next['status'] as { conditions?: unknown })?.conditions]) : '';
      if (established.get(name) === state) return;
      if (next) established.set(name, state);
      else established.delete(name);
      this.#resources = undefined;
      for (const listener of this.#listeners) listener();
    });
  }

  /** The listener is told when what is served may have changed. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  resources(): Promise<ServedResource[]> {
    this.#resources ??= this.#read().catch(error => {
      this.#resources = undefined;
      throw error;
    });
    return this.#resources;
  }

  async #read(): Promise<ServedResource[]> {
    const { groups } = await this.#client.raw<GroupList>('GET', '/apis');
    const perGroup = await Promise.all([
      this.#readGroup('', ['v1']),
      ...groups.map(({ name, preferredVersion, versions }) => {
        const others = versions
          .map(({ groupVersion }) => groupVersion)
          .filter(version => version !== preferredVersion.groupVersion);
        return this.#readGroup(name, [preferredVersion.groupVersion, ...others]);
      }),
    ]);
    return perGroup.flat();
  }

  async #readGroup(group: string, versions: string[]): Promise<ServedResource[]> {
    const found = new Map<string, ServedResource>();
    for (const apiVersion of versions) {
      for (const { kind, plural, namespaced, verbs } of await this.#client.resourcesOf(apiVersion)) {
        const path = `/${group === '' ? 'api' : 'apis'}/${apiVersion}/${plural}`;
        if (!found.has(plural)) found.set(plural, { apiVersion, kind, path, plural, group, namespaced, verbs });
      }
    }
    return [...found.values()];
  }
}
