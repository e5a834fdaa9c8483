// What every job and step of one run shares: the push, the folders, the log, the secrets, the actions.
import { delimiter, dirname, join } from 'node:path';
import type { RunView } from '../../core/index.ts';
import type { BuildResult, PipelineActions, PushEvent } from '../contract.ts';
import type { Job, Scope, Workflow } from '../workflow/index.ts';
import type { Masks } from './masks.ts';
import { RUN_FOLDER_VARIABLE } from './orphans.ts';

export interface RunContext {
  view: RunView;
  push: PushEvent;
  workflow: Workflow;
  /** Holds everything of this run; removed at its end. */
  folder: string;
  /** The tree of the commit; steps work on copies. */
  source: string;
  /** HOME of scripts, kept between runs for their caches. */
  home: string;
  masks: Masks;
  secrets: Record<string, string>;
  actions: PipelineActions;
  /** Images that this run has pushed, for the bump. */
  images: BuildResult[];
  log(line: string): void;
  now(): number;
  stepFinished(job: string, step: RunView['jobs'][number]['steps'][number]): void;
}

export function jobFolder(run: RunContext, job: Job): { workspace: string; temporary: string } {
  return { workspace: join(run.folder, job.id, 'workspace'), temporary: join(run.folder, job.id, 'temporary') };
}

/** The `github` context. */
export function githubContext(
  run: Pick<RunContext, 'push' | 'view' | 'workflow'>,
  workspace = '',
  job = '',
): Record<string, unknown> {
  const { push, view } = run;
  const [, kind = '', name = ''] = /^refs\/(heads|tags)\/(.+)$/.exec(push.ref) ?? [];
  return {
    sha: push.after,
    ref: push.ref,
    ref_name: name,
    ref_type: kind === 'tags' ? 'tag' : 'branch',
    repository: push.repository,
    actor: push.actor,
    event_name: 'push',
    run_id: view.id,
    run_number: view.number,
    workflow: run.workflow.name,
    workspace,
    job,
    event: {
      before: push.before,
      after: push.after,
      ref: push.ref,
      head_commit: { id: push.after, message: view.subject },
      repository: { name: push.repository },
      pusher: { name: push.actor },
    },
  };
}

/** The environment that scripts start with. Nothing of the appliance's own but PATH and the locale gets in. */
export function scriptEnvironment(run: RunContext, job: Job): Record<string, string> {
  const { workspace, temporary } = jobFolder(run, job);
  const github = githubContext(run, workspace, job.id);
  const fromGithub = [
    'sha',
    'ref',
    'ref_name',
    'ref_type',
    'repository',
    'actor',
    'event_name',
    'run_id',
    'run_number',
    'workflow',
    'workspace',
    'job',
  ];
  return {
    PATH: [dirname(process.execPath), process.env['PATH'] ?? '/usr/bin:/bin'].join(delimiter),
    LANG: process.env['LANG'] ?? 'C.UTF-8',
    HOME: run.home,
    TMPDIR: temporary,
    RUNNER_TEMP: temporary,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    [RUN_FOLDER_VARIABLE]: run.folder,
    ...Object.fromEntries(fromGithub.map(key => [`GITHUB_${key.toUpperCase()}`, String(github[key])])),
  };
}

export function scopeOf(secrets: Record<string, string>, contexts: Record<string, unknown>, status: Scope['status']): Scope {
  return {
    status,
    contexts: {
      secrets,
      vars: {},
      runner: { os: process.platform === 'darwin' ? 'macOS' : 'Linux', arch: process.arch.toUpperCase(), name: 'daruma' },
      ...contexts,
    },
  };
}
