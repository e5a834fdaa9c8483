// Runs the steps of one job in order, and settles what each condition, failure and time limit means for the rest.
import { mkdir } from 'node:fs/promises';
import { DarumaError, messageOf, type RunView } from '../../core/index.ts';
import {
  evaluate,
  interpolate,
  isTruthy,
  type Job,
  parseExpression,
  type Scope,
  type Step,
  usesStatus,
} from '../workflow/index.ts';
import { Deadline } from './deadline.ts';
import { executeStep } from './execute-step.ts';
import { githubContext, jobFolder, type RunContext, scopeOf, scriptEnvironment } from './run-context.ts';

export interface JobResult {
  result: 'success' | 'failure' | 'cancelled' | 'skipped';
  outputs: Record<string, string>;
  reason?: string;
}

type StepView = RunView['jobs'][number]['steps'][number];
type StepResults = Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>;

/** Whether an `if` holds; without one it is `success()`, and `success() &&` stands before one that asks for no status. */
export function holds(condition: string | undefined, scope: Scope): boolean {
  const tree = parseExpression(condition ?? 'success()');
  if (!usesStatus(tree) && scope.status !== 'success') return false;
  return isTruthy(evaluate(tree, scope));
}

class JobRunner {
  readonly #run: RunContext;
  readonly #job: Job;
  readonly #view: RunView['jobs'][number];
  readonly #needs: Record<string, JobResult>;
  readonly #steps: StepResults = {};
  /** What GITHUB_ENV and GITHUB_PATH hand on. */
  readonly #carried: Record<string, string> = {};
  #status: 'success' | 'failure' | 'cancelled' = 'success';
  #reason: string | undefined;

  constructor(run: RunContext, job: Job, needs: Record<string, JobResult>) {
    this.#run = run;
    this.#job = job;
    this.#needs = needs;
    const view = run.view.jobs.find(candidate => candidate.name === job.id);
    if (!view) throw new Error(`the run has no job ${job.id}`);
    this.#view = view;
  }

  async execute(signal: AbortSignal): Promise<JobResult> {
    this.#view.state = 'running';
    const { workspace, temporary } = jobFolder(this.#run, this.#job);
    await mkdir(workspace, { recursive: true });
    await mkdir(temporary, { recursive: true });
    using deadline = new Deadline(signal, this.#job.timeoutMinutes, `job ${this.#job.id}`);
    for (const [index, step] of this.#job.steps.entries()) await this.#step(step, index, deadline);
    this.#view.state = this.#status;
    return {
      result: this.#job.continueOnError && this.#status === 'failure' ? 'success' : this.#status,
      outputs: this.#outputs(),
      ...(this.#reason ? { reason: this.#reason } : {}),
    };
  }

  async #step(step: Step, index: number, deadline: Deadline): Promise<void> {
    const view = this.#view.steps[index];
    if (!view) return;
    const log = (line: string) => this.#run.log(`${this.#job.id} | ${line}`);
    if (deadline.signal.aborted) return this.#finish(step, view, deadline.expired ? 'skipped' : 'cancelled', {});
    const startedAt = this.#run.now();
    try {
      if (!holds(step.if, this.#scope(this.#environment({})))) return this.#finish(step, view, 'skipped', {});
      view.state = 'running';
      log(`── ${view.name}`);
      const named = this.#environment(step.env);
      using limit = new Deadline(deadline.signal, step.timeoutMinutes ?? this.#job.timeoutMinutes, `step "${view.name}"`);
      const outputs = await executeStep({
        run: this.#run,
        job: this.#job,
        step,
        scope: this.#scope(named),
        env: { ...scriptEnvironment(this.#run, this.#job), ...named },
        carried: this.#carried,
        signal: limit.signal,
        log,
      });
      this.#finish(step, view, 'success', outputs, startedAt);
    } catch (error) {
      const cancelled = deadline.signal.aborted && !deadline.expired;
      const what =
        error instanceof DarumaError && error.code === 'TIMEOUT'
          ? error.message
          : `step "${view.name}" of job ${this.#job.id} ${failureOf(error)}`;
      log(cancelled ? 'cancelled' : `failed: ${what}`);
      if (!cancelled && !step.continueOnError) this.#reason ??= this.#run.masks.apply(what);
      this.#finish(step, view, cancelled ? 'cancelled' : 'failure', {}, startedAt);
    }
  }

  #finish(
    step: Step,
    view: StepView,
    outcome: 'success' | 'failure' | 'skipped' | 'cancelled',
    outputs: Record<string, string>,
    startedAt?: number,
  ): void {
    view.state = outcome;
    if (startedAt !== undefined) view.ms = Math.round(this.#run.now() - startedAt);
    const conclusion = outcome === 'failure' && step.continueOnError ? 'success' : outcome;
    if (step.id) this.#steps[step.id] = { outputs, outcome, conclusion };
    if (conclusion === 'cancelled') this.#status = 'cancelled';
    else if (conclusion === 'failure' && this.#status === 'success') this.#status = 'failure';
    this.#run.stepFinished(this.#job.id, view);
  }

  /** Workflow, then job, then what earlier steps set, then the step; each may use what came before. */
  #environment(own: Record<string, string>): Record<string, string> {
    const env: Record<string, string> = {};
    for (const layer of [this.#run.workflow.env, this.#job.env, this.#carried, own]) {
      const scope = this.#scope({ ...env });
      const literal = layer === this.#carried;
      for (const [name, value] of Object.entries(layer)) env[name] = literal ? value : interpolate(value, scope);
    }
    return env;
  }

  #scope(env: Record<string, string>): Scope {
    const { workspace } = jobFolder(this.#run, this.#job);
    return scopeOf(
      this.#run.secrets,
      {
        github: githubContext(this.#run, workspace, this.#job.id),
        env: { ...this.#carried, ...env },
        steps: this.#steps,
        needs: this.#needs,
        job: { status: this.#status },
      },
      this.#status,
    );
  }

  #outputs(): Record<string, string> {
    const scope = this.#scope(this.#environment({}));
    return Object.fromEntries(Object.entries(this.#job.outputs).map(([name, text]) => [name, interpolate(text, scope)]));
  }
}

function failureOf(error: unknown): string {
  if (error instanceof DarumaError && error.code === 'PIPELINE_FAILED') return error.message;
  return `failed: ${messageOf(error)}`;
}

export function executeJob(run: RunContext, job: Job, needs: Record<string, JobResult>, signal: AbortSignal): Promise<JobResult> {
  return new JobRunner(run, job, needs).execute(signal);
}
