// Amounts of resources as numbers: thousandths, so that `100m` of a CPU is whole and a node's memory still exact.
import type { Container, Pod } from '../controller-runtime/index.ts';
import { parseQuantity, quantityValue } from '../schema/index.ts';

export type Amounts = Map<string, number>;

/** Thousandths of the unit, rounded up. @throws DarumaError INVALID_INPUT for what is no quantity */
function thousandths(quantity: string): number {
  return quantityValue(parseQuantity(quantity), 'milli');
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
