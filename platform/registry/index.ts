// The door of the registry subsystem: an OCI distribution server that keeps its content in one folder.
export { type Registry, startRegistry } from './registry.ts';
export type {
  GarbageReport,
  RegistryOptions,
  RegistryPolicy,
  RegistryPush,
  TlsListener,
  TlsListenerOptions,
  UserDirectory,
} from './types.ts';
