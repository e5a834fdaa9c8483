// What does the Kubernetes API itself say about an object?
import { isDeepStrictEqual } from 'node:util';
import { type Check, passed, waiting } from './check.ts';

export interface ClusterParameters {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  absent?: boolean;
  /** Values by path: `spec.replicas`, `spec.template.spec.containers.0.image`. */
  fields?: Record<string, unknown>;
}

export const cluster: Check<ClusterParameters> = async ({ absent = false, fields = {}, ...ref }, scope) => {
  const name = `${ref.kind}/${ref.name}${ref.namespace ? ` in ${ref.namespace}` : ''}`;
  const object = await scope.context.cluster.get(ref, scope);
  if (!object) return absent ? passed(`${name} is not there`) : waiting(`${name} is not there`);
  if (absent) return waiting(`${name} is there`);
  for (const [path, wanted] of Object.entries(fields)) {
    const found = valueAt(object, path);
    if (!isDeepStrictEqual(found, wanted))
      return waiting(`${name} has ${path} ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
  }
  const values = Object.entries(fields).map(([path, value]) => `${path} ${JSON.stringify(value)}`);
  return passed(values.length > 0 ? `${name} has ${values.join(', ')}` : `${name} is there`);
};

function valueAt(object: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], object);
}
