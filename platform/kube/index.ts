export { type DeleteOptions, KubeClient, type ListOptions, type PatchType, refOf, type WriteOptions } from './client.ts';
export { isApiError, KubeApiError } from './errors.ts';
export { HttpsTransport } from './https-transport.ts';
export { Informer, type InformerEvent, type InformerOptions } from './informer.ts';
export { type ClusterAccess, transportFromKubeconfig } from './kubeconfig.ts';
export { type PortForwardOptions, portForward } from './port-forward.ts';
export { type KubeRequest, type KubeResponse, type KubeTransport, splitLines } from './transport.ts';
export type {
  KubeObject,
  ManagedFieldsEntry,
  ObjectMeta,
  ObjectRef,
  OwnerReference,
  ResourceInfo,
  ResourceKind,
  StatusObject,
  WatchEvent,
} from './types.ts';
