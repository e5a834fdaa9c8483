// Amounts of resources as numbers: thousandths, so that `100m` of a CPU is whole and a node's memory still exact.
import type { Container, Pod } from '../controller-runtime/index.ts';

export type Amounts = Map<string, number>;

const FACTORS: Record<string, number> = {
  n: 1e-6,
  u: 1e-3,
  m: 1,
  '': 1e3,
  k: 1e6,
  M: 1e9,
  G: 1e12,
  T: 1e15,
  P: 1e18,
  E: 1e21,
  Ki: 1024 * 1e3,
  Mi: 1024 ** 2 * 1e3,
  Gi: 1024 ** 3 * 1e3,
  Ti: 1024 ** 4 * 1e3,
  Pi: 1024 ** 5 * 1e3,
  Ei: 1024 ** 6 * 1e3,
};

/** Thousandths of the unit, rounded up. 0 for what is no quantity. */
export function thousandths(quantity: string | number | undefined): number {
  const match = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([a-zA-Z]*)$/.exec(String(quantity ?? '0'));
  const factor = FACTORS[match?.[2] ?? ''];
  return match && factor !== undefined ? Math.ceil(Number(match[1]) * factor) : 0;
}

export function amountsOf(resources: Record<string, string> | undefined): Amounts {
  return new Map(Object.entries(resources ?? {}).map(([name, quantity]) => [name, thousandths(quantity)]));
}

export function addTo(total: Amounts, amounts: Amounts, sign = 1): void {
  for (const [name, amount] of amounts) total.set(name, (total.get(name) ?? 0) + sign * amount);
}

function raiseTo(total: Amounts, amounts: Amounts): void {
  for (const [name, amount] of amounts) total.set(name, Math.max(total.get(name) ?? 0, amount));
}

/** What a pod needs of its node: containers and sidecars together, or its hungriest init container, and the overhead; and one pod. */
export function podRequests(pod: Pod): Amounts {
  const requests = ({ resources }: Container) => amountsOf(resources?.requests);
  const total: Amounts = new Map();
  for (const container of pod.spec.containers) addTo(total, requests(container));
  const sidecars: Amounts = new Map();
  const peak: Amounts = new Map();
  for (const container of pod.spec.initContainers ?? []) {
    if (container.restartPolicy === 'Always') addTo(sidecars, requests(container));
    const now: Amounts = new Map(sidecars);
    if (container.restartPolicy !== 'Always') addTo(now, requests(container));
    raiseTo(peak, now);
  }
  addTo(total, sidecars);
  raiseTo(total, peak);
  addTo(total, amountsOf(pod.spec.overhead));
  total.set('pods', 1_000);
  return total;
}
