// The quality-of-service class of a pod, from the requests and limits of its containers (component-helpers/qos).
import type { Container, Pod } from './types.ts';

const COUNTED = ['cpu', 'memory'];
const isZero = (quantity: string | undefined): boolean =>
  quantity === undefined || /^[-+]?0*(?:\.0*)?[A-Za-z]*$/.test(String(quantity));

export function qosClass(pod: Pod): 'BestEffort' | 'Burstable' | 'Guaranteed' {
  const containers = [...((pod.spec?.containers ?? []) as Container[]), ...((pod.spec?.initContainers ?? []) as Container[])];
  let any = false;
  let guaranteed = true;
  for (const { resources } of containers) {
    for (const name of COUNTED) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      if (!isZero(request) || !isZero(limit)) any = true;
      if (isZero(limit) || request !== limit) guaranteed = false;
    }
  }
  if (!any) return 'BestEffort';
  return guaranteed ? 'Guaranteed' : 'Burstable';
}
