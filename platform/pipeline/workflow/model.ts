// A workflow as it was read: checked, with defaults in place, its expressions still text.

export type Shell = 'bash' | 'sh' | 'default';

export interface Step {
  id?: string;
  name: string;
  line: number;
  if?: string;
  env: Record<string, string>;
  continueOnError: boolean;
  timeoutMinutes?: number;
  action:
    | { kind: 'run'; script: string; shell: Shell; workingDirectory?: string }
    | { kind: 'uses'; name: string; with: Record<string, string> };
}

export interface Job {
  id: string;
  name: string;
  line: number;
  needs: string[];
  if?: string;
  env: Record<string, string>;
  outputs: Record<string, string>;
  timeoutMinutes: number;
  continueOnError: boolean;
  steps: Step[];
}

export interface PushTrigger {
  branches?: string[];
  branchesIgnore?: string[];
  tags?: string[];
  tagsIgnore?: string[];
}

export interface Workflow {
  file: string;
  name: string;
  /** Undefined: a push never starts it. */
  push?: PushTrigger;
  env: Record<string, string>;
  concurrency?: { group: string; cancelInProgress: string };
  jobs: Job[];
  /** What was accepted without effect, one sentence each, for the run's log. */
  notes: string[];
}
