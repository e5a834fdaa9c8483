// How many requests the API server has answered so far, by its own metrics; watches and the question itself are not counted.
import type { BenchPlatform } from './bench-platform.ts';

export async function requestsServed(platform: BenchPlatform): Promise<number> {
  let sum = 0;
  for (const [, labels = '', value] of (await platform.page('/metrics')).matchAll(
    /^apiserver_request_total\{([^}]*)\} (\d+)/gm,
  )) {
    if (
      /resource="(configmaps|applications|appprojects|deployments|services|serviceaccounts|ingresses|networkpolicies|poddisruptionbudgets|namespaces)"/.test(
        labels,
      ) &&
      !/verb="WATCH"/i.test(labels)
    )
      sum += Number(value);
  }
  return sum;
}
