export { type ApiClient, createApiClient } from './client.ts';
export type {
  ApplicationView,
  Caller,
  CommitStatus,
  DriftView,
  HistoryView,
  JournalEntry,
  ObjectDiffView,
  PlatformStatus,
  ProtectedBranch,
  RebuildPhase,
  RebuildReport,
  ResourceView,
  RunView,
  SyncRequest,
  SyncResponse,
} from './contract.ts';
export type { PlatformOperations } from './operations.ts';
export { type ApiOptions, type ApiServer, startApi } from './server.ts';
