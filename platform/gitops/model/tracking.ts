// Which application an object belongs to: Argo CD's tracking annotation, `app:group/Kind:namespace/name`
// (argo-cd 3.2, util/argo/resource_tracking.go).
import type { KubeObject } from '../../kube/index.ts';
import { groupOf } from './resource-key.ts';

const TRACKING_ANNOTATION = 'argocd.argoproj.io/tracking-id';

/** The value that marks `object` as owned by `application`. */
export function trackingId(application: string, object: KubeObject): string {
  const { namespace = '', name = '' } = object.metadata;
  return `${application}:${groupOf(object.apiVersion)}/${object.kind}:${namespace}/${name}`;
}

/** The application that owns the object; undefined when none does, or when the annotation was copied from another object. */
export function ownerOf(object: KubeObject): string | undefined {
  const value = object.metadata.annotations?.[TRACKING_ANNOTATION];
  if (!value) return undefined;
  const application = value.slice(0, value.indexOf(':'));
  return application !== '' && value === trackingId(application, object) ? application : undefined;
}

/** A copy of `object` that carries the mark. */
export function tracked(application: string, object: KubeObject): KubeObject {
  const annotations = { ...object.metadata.annotations, [TRACKING_ANNOTATION]: trackingId(application, object) };
  return { ...object, metadata: { ...object.metadata, annotations } };
}
