// The admission plugins in their order: what the real server has switched on by default and can be done here.
import type { AdmissionChain, AdmissionRequest } from '../registry/registry-parts.ts';

/** One plugin: either phase may be absent. Both may throw a StatusError; only `mutate` may change the object. */
export interface AdmissionPlugin {
  mutate?(request: AdmissionRequest): void;
  validate?(request: AdmissionRequest): void;
}

export function admissionChain(plugins: readonly AdmissionPlugin[]): AdmissionChain {
  return {
    mutate: request => {
      for (const plugin of plugins) plugin.mutate?.(request);
    },
    validate: request => {
      for (const plugin of plugins) plugin.validate?.(request);
    },
  };
}
