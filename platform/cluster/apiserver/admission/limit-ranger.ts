// LimitRanges: default requests and limits of containers, and the bounds that they set (LimitRanger).
import type { KindObject } from '../../kinds/index.ts';
import { addQuantity, compareQuantity, formatQuantity, parseQuantity } from '../../schema/index.ts';
import type { Store } from '../../store/index.ts';
import { forbidden } from '../status-error.ts';
import type { AdmissionPlugin } from './admission-chain.ts';

type Amounts = Record<string, string>;

interface LimitItem {
  type: string;
  max?: Amounts;
  min?: Amounts;
  default?: Amounts;
  defaultRequest?: Amounts;
  maxLimitRequestRatio?: Amounts;
}

interface Container {
  name: string;
  resources?: { limits?: Amounts; requests?: Amounts };
}

interface PodSpec {
  containers: Container[];
  initContainers?: Container[];
}

const ANNOTATION = 'kubernetes.io/limit-ranger';

function itemsOf(store: Store, namespace: string): LimitItem[] {
  return store.list('/limitranges', namespace).flatMap(({ object }) => (object['spec'] as { limits?: LimitItem[] }).limits ?? []);
}

/** Fills one kind of amounts in; answers the names that were set. */
function fill(container: Container, which: 'limits' | 'requests', defaults: Amounts): string[] {
  const resources = (container.resources ??= {});
  const amounts = (resources[which] ??= {});
  const set: string[] = [];
  for (const [name, value] of Object.entries(defaults)) {
    if (amounts[name] !== undefined) continue;
    amounts[name] = value;
    set.push(name);
  }
  if (Object.keys(amounts).length === 0) delete resources[which];
  return set.sort();
}

function applyDefaults(object: KindObject, items: readonly LimitItem[]): void {
  const spec = object['spec'] as unknown as PodSpec;
  const notes: string[] = [];
  const containers: [Container, string][] = [
    ...(spec.containers ?? []).map(container => [container, 'container'] as [Container, string]),
    ...(spec.initContainers ?? []).map(container => [container, 'init container'] as [Container, string]),
  ];
  for (const item of items.filter(({ type }) => type === 'Container')) {
    for (const [container, word] of containers) {
      const requests = fill(container, 'requests', item.defaultRequest ?? {});
      const limits = fill(container, 'limits', item.default ?? {});
      if (requests.length > 0) notes.push(`${requests.join(', ')} request for ${word} ${container.name}`);
      if (limits.length > 0) notes.push(`${limits.join(', ')} limit for ${word} ${container.name}`);
    }
  }
  if (notes.length === 0) return;
  object.metadata['annotations'] = {
    ...(object.metadata['annotations'] as Amounts | undefined),
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
}

const less = (a: string, b: string): boolean => compareQuantity(parseQuantity(a), parseQuantity(b)) < 0;

/** What breaks the bounds of one item, worded as the real server words it. */
function violations(item: LimitItem, { requests, limits }: { requests: Amounts; limits: Amounts }): string[] {
  const found: string[] = [];
  for (const [name, min] of Object.entries(item.min ?? {})) {
    if (requests[name] === undefined) found.push(`minimum ${name} usage per ${item.type} is ${min}.  No request is specified`);
    else if (less(requests[name], min))
      found.push(`minimum ${name} usage per ${item.type} is ${min}, but request is ${requests[name]}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const limit = limits[name];
    const request = requests[name];
    if (limit === undefined) found.push(`maximum ${name} usage per ${item.type} is ${max}.  No limit is specified`);
    else if (less(max, limit)) found.push(`maximum ${name} usage per ${item.type} is ${max}, but limit is ${limit}`);
    if (limit === undefined && request !== undefined && less(max, request))
      found.push(`maximum ${name} usage per ${item.type} is ${max}, but request is ${request}`);
  }
  return found;
}

function total(containers: readonly Container[], which: 'limits' | 'requests'): Amounts {
  const sum: Amounts = {};
  for (const { resources } of containers)
    for (const [name, value] of Object.entries(resources?.[which] ?? {}))
      sum[name] = sum[name] === undefined ? value : formatQuantity(addQuantity(parseQuantity(sum[name]), parseQuantity(value)));
  return sum;
}

function podViolations(spec: PodSpec, items: readonly LimitItem[]): string[] {
  return items.flatMap(item => {
    if (item.type === 'Container')
      return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        violations(item, { requests: resources?.requests ?? {}, limits: resources?.limits ?? {} }),
      );
    if (item.type === 'Pod')
      return violations(item, { requests: total(spec.containers, 'requests'), limits: total(spec.containers, 'limits') });
    return [];
  });
}

export function limitRanger(store: Store): AdmissionPlugin {
  return {
    mutate({ operation, resource, object, subresource, namespace }) {
      if (operation !== 'create' || subresource !== '' || resource.collection !== '/pods' || !object?.['spec']) return;
      const items = itemsOf(store, namespace);
      if (items.length > 0) applyDefaults(object, items);
    },
    validate({ operation, resource, object, subresource, namespace, name }) {
      if (operation !== 'create' || subresource !== '' || !object) return;
      let found: string[] = [];
      if (resource.collection === '/pods') {
        found = podViolations(object['spec'] as unknown as PodSpec, itemsOf(store, namespace));
      } else if (resource.collection === '/persistentvolumeclaims') {
        const resources = (object['spec'] as { resources?: { requests?: Amounts } }).resources;
        const amounts = { requests: resources?.requests ?? {}, limits: resources?.requests ?? {} };
        found = itemsOf(store, namespace)
          .filter(({ type }) => type === 'PersistentVolumeClaim')
          .flatMap(item => violations(item, amounts));
      }
      if (found.length === 0) return;
      throw forbidden(resource.name, name, found.length === 1 ? (found[0] as string) : `[${found.join(', ')}]`);
    },
  };
}
