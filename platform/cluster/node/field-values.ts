// Values that a pod may ask about itself: fieldRef and resourceFieldRef, in variables and in files.
import { availableParallelism, totalmem } from 'node:os';
import type { Container, Pod } from './pod-types.ts';

/** Facts of this run of the pod that its object may not tell yet. */
export interface PodFacts {
  podIP: string;
  hostIP: string;
  nodeName: string;
}

function escapeValue(text: string): string {
  return JSON.stringify(text);
}

function mapText(map: Record<string, string> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${escapeValue(value)}`)
    .join('\n');
}

/** Undefined for a path that is not one of the supported fields. */
export function fieldValue(pod: Pod, fieldPath: string, facts: PodFacts): string | undefined {
  const keyed = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (keyed) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name ?? '';
    case 'metadata.namespace':
      return pod.metadata.namespace ?? '';
    case 'metadata.uid':
      return pod.metadata.uid ?? '';
    case 'metadata.labels':
      return mapText(pod.metadata.labels);
    case 'metadata.annotations':
      return mapText(pod.metadata.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec.serviceAccountName ?? 'default';
    case 'status.podIP':
    case 'status.podIPs':
      return facts.podIP;
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIP;
    default:
      return undefined;
  }
}

const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
};

export function quantityValue(text: string): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(text.trim());
  return match ? Number(match[1]) * (SUFFIXES[match[2] ?? ''] ?? 1) : 0;
}

/** Limits that are not set mean what the node has. Rounded up to the divisor. */
export function resourceValue(
  container: Container,
  { resource, divisor }: { resource: string; divisor?: string },
): string | undefined {
  const [kind, name = ''] = resource.split('.') as ['limits' | 'requests', string?];
  const own = container.resources?.[kind]?.[name] ?? (kind === 'requests' ? container.resources?.limits?.[name] : undefined);
  const capacity = name === 'cpu' ? String(availableParallelism()) : name === 'memory' ? String(totalmem()) : '0';
  const quantity = own ?? (kind === 'limits' ? capacity : '0');
  const unit = quantityValue(divisor && divisor !== '0' ? divisor : '1');
  return String(Math.ceil(Number((quantityValue(quantity) / unit).toFixed(6))));
}
