// All resources that this server serves: built-in ones from data, custom ones as their definitions come and go.
import { allStrategies, type KindStrategy, strategyFor, strategyForKind } from '../../kinds/index.ts';
import { builtinSchema } from '../../schema/index.ts';
import type { ServedResource } from './served-resource.ts';

const idOf = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`;

function builtin(strategy: KindStrategy): ServedResource {
  const schema = builtinSchema(strategy.group, strategy.version, strategy.kind);
  if (!schema) throw new Error(`there is no schema for ${strategy.apiVersion} ${strategy.kind}`);
  return {
    strategy,
    schema,
    collection: `${strategy.storage.group}/${strategy.storage.resource}`,
    name: { group: strategy.group, resource: strategy.resource },
  };
}

export class ResourceTable {
  readonly #builtin = new Map<string, ServedResource>();
  readonly #custom = new Map<string, ServedResource>();
  readonly #extend: (strategy: KindStrategy) => KindStrategy;
  #builtinVersions: Set<string> | undefined;

  /** `extend` adds to the strategies of built-in kinds what the server knows and they do not. */
  constructor(extend: (strategy: KindStrategy) => KindStrategy = strategy => strategy) {
    this.#extend = extend;
  }

  /** Undefined when nothing is served there. */
  find(group: string, version: string, resource: string): ServedResource | undefined {
    const id = idOf(group, version, resource);
    const known = this.#builtin.get(id) ?? this.#custom.get(id);
    if (known) return known;
    const strategy = strategyFor(group, version, resource);
    if (!strategy) return undefined;
    const served = builtin(this.#extend(strategy));
    this.#builtin.set(id, served);
    return served;
  }

  /** The resource of a kind. Undefined when nothing of that kind is served. */
  findKind(group: string, version: string, kind: string): ServedResource | undefined {
    const strategy = strategyForKind(group, version, kind);
    if (strategy) return this.find(group, version, strategy.resource);
    return this.custom().find(({ strategy: own }) => own.group === group && own.version === version && own.kind === kind);
  }

  /** The other resources that serve the same stored objects: other versions, or another group. */
  equivalents(resource: ServedResource): ServedResource[] {
    const others = resource.custom
      ? this.custom()
      : allStrategies()
          .filter(({ storage }) => `${storage.group}/${storage.resource}` === resource.collection)
          .flatMap(({ group, version, resource: plural }) => this.find(group, version, plural) ?? []);
    return others.filter(other => other !== resource && other.collection === resource.collection);
  }

  servesVersion(group: string, version: string): boolean {
    this.#builtinVersions ??= new Set(allStrategies().map(strategy => `${strategy.group}/${strategy.version}`));
    if (this.#builtinVersions.has(`${group}/${version}`)) return true;
    return this.custom().some(({ strategy }) => strategy.group === group && strategy.version === version);
  }

  /** The versions of one custom resource, replacing those that its definition had before. */
  setCustom(definition: string, resources: readonly ServedResource[]): void {
    for (const [id, resource] of this.#custom) if (resource.custom?.definition === definition) this.#custom.delete(id);
    for (const resource of resources) {
      const { group, version, resource: plural } = resource.strategy;
      this.#custom.set(idOf(group, version, plural), resource);
    }
  }

  custom(): ServedResource[] {
    return [...this.#custom.values()];
  }

  /** One resource for each stored collection: what a namespace may hold. */
  collections(): ServedResource[] {
    const found = new Map<string, ServedResource>();
    for (const strategy of allStrategies()) {
      if (!strategy.verbs.includes('delete')) continue;
      const resource = this.find(strategy.group, strategy.version, strategy.resource);
      if (resource && !found.has(resource.collection)) found.set(resource.collection, resource);
    }
    for (const resource of this.custom()) if (!found.has(resource.collection)) found.set(resource.collection, resource);
    return [...found.values()];
  }
}
