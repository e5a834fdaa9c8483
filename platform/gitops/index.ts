// The GitOps engine's door: Argo CD's Application and AppProject objects, kept true to Git on any Kubernetes API.
export type {
  AuditedWrite,
  AuditSource,
  DeployedRecord,
  GitCommit,
  Gitops,
  GitopsOptions,
  GitopsSyncRequest,
  GitopsSyncResult,
  GitReader,
  GitWriter,
  ManagedObject,
  PushNotice,
  Role,
} from './contract.ts';
export { startGitops } from './controller/index.ts';
export { Renderer, warmUpRenderer } from './render/index.ts';
