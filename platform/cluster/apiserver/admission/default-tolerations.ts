// Pods stay five minutes on a node that has become unready or unreachable (DefaultTolerationSeconds).
import type { AdmissionPlugin } from './admission-chain.ts';

interface Toleration {
  key?: string;
  operator?: string;
  effect?: string;
  tolerationSeconds?: number;
}

const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];
const SECONDS = 300;

const tolerates = (tolerations: readonly Toleration[], wanted: string): boolean =>
  tolerations.some(({ key, effect }) => (key === wanted || !key) && (effect === 'NoExecute' || !effect));

export function defaultTolerations(): AdmissionPlugin {
  return {
    mutate({ resource, object, subresource, operation }) {
      if (resource.collection !== '/pods' || subresource !== '' || operation === 'delete' || !object) return;
      const spec = object['spec'] as { tolerations?: Toleration[] } | undefined;
      if (!spec) return;
      const tolerations = spec.tolerations ?? [];
      const added = KEYS.filter(key => !tolerates(tolerations, key)).map(key => ({
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: SECONDS,
      }));
      if (added.length > 0) spec.tolerations = [...tolerations, ...added];
    },
  };
}
