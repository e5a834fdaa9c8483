// Brings rendered objects into the form that is applied and compared: namespace, tracking mark, nothing that the server writes.
import type { KubeObject } from '../../kube/index.ts';
import { tracked } from '../model/index.ts';
import { isMap } from './compare.ts';

/** A new object; `namespace` is undefined for cluster-wide kinds. */
export function desiredObject(
  rendered: KubeObject,
  { application, namespace }: { application: string; namespace: string | undefined },
): KubeObject {
  const { status: _status, ...kept } = rendered;
  const { creationTimestamp: _time, namespace: own, ...metadata } = rendered.metadata;
  const place = namespace === undefined ? {} : { namespace: own || namespace };
  const object = { ...kept, metadata: { ...metadata, ...place } } as KubeObject;
  if (object.kind === 'Secret' && object.apiVersion === 'v1' && isMap(object.stringData)) encodeStringData(object);
  return tracked(application, object);
}

/** As the API server stores it: `stringData` wins over `data`. */
function encodeStringData(object: KubeObject): void {
  const data: Record<string, unknown> = isMap(object.data) ? { ...object.data } : {};
  for (const [key, value] of Object.entries(object.stringData as Record<string, unknown>))
    data[key] = Buffer.from(String(value)).toString('base64');
  delete object.stringData;
  object.data = data;
}
