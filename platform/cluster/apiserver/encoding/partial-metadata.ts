// Objects cut down to their metadata, for clients that watch many kinds.
import type { KindObject } from '../../kinds/index.ts';

export function partialMetadata(object: KindObject, version: string) {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
