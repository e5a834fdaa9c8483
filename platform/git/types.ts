// The words of the git server's door: who may do what, and what a push was.
import type { Logger } from '../core/index.ts';

/** Who somebody is. Answers undefined for a wrong name or password, without saying which. */
export interface UserDirectory {
  authenticate(user: string, password: string): Promise<{ user: string; role: string } | undefined>;
}

/** One ref that a push wants to move. `forced`: the old commit would no longer be reachable from the ref. */
export interface PushRequest {
  user: string;
  role: string;
  repository: string;
  /** The full name, `refs/heads/main`. */
  ref: string;
  forced: boolean;
  deleted: boolean;
}

export interface PushDecision {
  allowed: boolean;
  /** Shown in the output of `git push` when refused. */
  message?: string;
}

/** What the platform allows. Asked for every request and every ref; protected branches are checked before it. */
export interface GitPolicy {
  mayPush(request: PushRequest): PushDecision | Promise<PushDecision>;
  mayRead(request: { user: string; role: string; repository: string }): boolean | Promise<boolean>;
}

export interface CommitSummary {
  sha: string;
  subject: string;
  /** `Name <email>`. */
  author: string;
}

/** A branch or tag that moved. `before` and `after` are 40 zeros when the ref is new or deleted. */
export interface PushEvent {
  repository: string;
  ref: string;
  before: string;
  after: string;
  forced: boolean;
  user: string;
  /** New commits, newest first, at most 50. */
  commits: CommitSummary[];
}

/**
 * Called for every moved branch and tag, one at a time per repository, in order. The answered lines are shown in the output
 * of `git push`; after 10 s the push ends without them. At least once: a kill between the call and its end repeats it at
 * the next `announceMissed`.
 */
export type PushListener = (push: PushEvent) => Promise<string[]>;

export interface GitServerOptions {
  /** Where the bare repositories are, one folder `<name>.git` each. Made when missing. */
  directory: string;
  /** Default 127.0.0.1. */
  host?: string;
  /** 0: a free one. */
  port: number;
  users: UserDirectory;
  policy: GitPolicy;
  onPush: PushListener;
  logger: Logger;
}
