// The door of the git subsystem: a smart-HTTP server, and the repositories as the appliance itself reads and writes them.
export type { AnnotatedRef } from './annotated-refs.ts';
export type { CommitAuthor, CommitFilesOptions, CommitResult } from './commit-files.ts';
export { checkGit } from './git-command.ts';
export { type GitServer, startGitServer } from './git-server.ts';
export type { LogEntry, LogRange } from './history.ts';
export type { BranchProtection } from './protection.ts';
export { type CreateRepositoryOptions, type MovedRef, Repositories } from './repositories.ts';
export { NO_COMMIT } from './repository-names.ts';
export type { FileChange } from './tree-editor.ts';
export type {
  CommitSummary,
  GitPolicy,
  GitServerOptions,
  PushDecision,
  PushEvent,
  PushListener,
  PushRequest,
  UserDirectory,
} from './types.ts';
