// Runs the jobs of one workflow along their needs, then bumps the GitOps repository when an image came out.
import { messageOf, type RunView } from '../../core/index.ts';
import type { Job, Scope } from '../workflow/index.ts';
import { executeJob, holds, type JobResult } from './execute-job.ts';
import { githubContext, type RunContext, scopeOf } from './run-context.ts';

export interface RunOutcome {
  state: 'success' | 'failure' | 'cancelled';
  reason?: string;
}

export const BUMP_JOB = 'bump';
export const BUMP_STEP = 'Set the image tag in the overlays';

/** Ends when every job has ended. Never rejects for what a workflow does; a broken disk or the like comes through. */
export async function executeRun(
  run: RunContext,
  { bump, signal }: { bump: () => boolean; signal: AbortSignal },
): Promise<RunOutcome> {
  const results = await executeJobs(run, signal);
  const all = Object.values(results);
  const failed = all.find(({ result }) => result === 'failure');
  if (failed) return { state: 'failure', ...(failed.reason ? { reason: failed.reason } : {}) };
  if (signal.aborted || all.some(({ result }) => result === 'cancelled'))
    return { state: 'cancelled', reason: cancelReason(signal) };
  return executeBump(run, bump, signal);
}

export function cancelReason(signal: AbortSignal): string {
  return signal.aborted ? messageOf(signal.reason) : 'cancelled';
}

async function executeJobs(run: RunContext, signal: AbortSignal): Promise<Record<string, JobResult>> {
  const results: Record<string, JobResult> = {};
  const started = new Map<string, Promise<void>>();
  const start = (job: Job): Promise<void> => {
    const known = started.get(job.id);
    if (known) return known;
    const needed = run.workflow.jobs.filter(candidate => job.needs.includes(candidate.id));
    const task = Promise.all(needed.map(start)).then(async () => {
      results[job.id] = await settleJob(run, job, results, signal);
    });
    started.set(job.id, task);
    return task;
  };
  await Promise.all(run.workflow.jobs.map(start));
  return results;
}

async function settleJob(run: RunContext, job: Job, results: Record<string, JobResult>, signal: AbortSignal): Promise<JobResult> {
  const needs = Object.fromEntries(job.needs.map(id => [id, results[id] ?? { result: 'skipped' as const, outputs: {} }]));
  const scope = scopeOf(run.secrets, { github: githubContext(run, '', job.id), needs, env: {} }, statusOf(run, job, results));
  try {
    if (signal.aborted) return withoutRunning(run, job, 'cancelled');
    if (!holds(job.if, scope)) return withoutRunning(run, job, 'skipped');
    return await executeJob(run, job, needs, signal);
  } catch (error) {
    run.log(`${job.id} | failed: ${messageOf(error)}`);
    return { ...withoutRunning(run, job, 'failure'), reason: `job ${job.id} failed: ${run.masks.apply(messageOf(error))}` };
  }
}

/** What success() and failure() see at a job: the jobs before it, direct and indirect. */
function statusOf(run: RunContext, job: Job, results: Record<string, JobResult>): Scope['status'] {
  const before = new Set<string>();
  const collect = (id: string) => {
    if (before.has(id)) return;
    before.add(id);
    for (const need of run.workflow.jobs.find(candidate => candidate.id === id)?.needs ?? []) collect(need);
  };
  for (const id of job.needs) collect(id);
  const found = new Set([...before].map(id => results[id]?.result ?? 'skipped'));
  return (['failure', 'cancelled', 'skipped'] as const).find(result => found.has(result)) ?? 'success';
}

function withoutRunning(run: RunContext, job: Job, state: 'cancelled' | 'skipped' | 'failure'): JobResult {
  const view = run.view.jobs.find(candidate => candidate.name === job.id);
  if (view) {
    view.state = state;
    for (const step of view.steps) if (step.state === 'queued' || step.state === 'running') step.state = state;
  }
  return { result: state, outputs: {} };
}

async function executeBump(run: RunContext, mayBump: () => boolean, signal: AbortSignal): Promise<RunOutcome> {
  const job = run.view.jobs.find(candidate => candidate.name === BUMP_JOB);
  const [step] = job?.steps ?? [];
  if (!job || !step) return { state: 'success' };
  const finish = (state: 'success' | 'failure' | 'cancelled' | 'skipped') => {
    job.state = step.state = state;
    run.stepFinished(BUMP_JOB, step);
  };
  const log = (line: string) => run.log(`${BUMP_JOB} | ${line}`);
  if (run.images.length === 0 || !mayBump()) {
    log(run.images.length === 0 ? 'no image was built: nothing to set' : 'a newer run has set its image already: nothing to set');
    finish('skipped');
    return { state: 'success' };
  }
  job.state = step.state = 'running';
  log(`── ${BUMP_STEP}`);
  const startedAt = run.now();
  try {
    for (const { image, tag, digest } of run.images) {
      const { repository, after: sha } = run.push;
      const done = await run.actions.bump?.({
        image,
        tag,
        digest,
        repository,
        sha,
        subject: run.view.subject,
        run: run.view.id,
        signal,
      });
      if (done) log(`${image} is ${tag} from commit ${done.commit}`);
    }
    step.ms = Math.round(run.now() - startedAt);
    finish('success');
    return { state: 'success' };
  } catch (error) {
    step.ms = Math.round(run.now() - startedAt);
    log(`failed: ${messageOf(error)}`);
    finish(signal.aborted ? 'cancelled' : 'failure');
    if (signal.aborted) return { state: 'cancelled', reason: cancelReason(signal) };
    return {
      state: 'failure',
      reason: `the image was pushed, but its tag could not be set: ${run.masks.apply(messageOf(error))}`,
    };
  }
}

/** The view of a run that waits: every job and step of its workflow, and the bump when an image may come out. */
export function queuedJobs(jobs: readonly Job[], withBump: boolean): RunView['jobs'] {
  const views: RunView['jobs'] = jobs.map(job => ({
    name: job.id,
    state: 'queued',
    steps: job.steps.map(step => ({ name: step.name, state: 'queued' })),
  }));
  const builds = jobs.some(job =>
    job.steps.some(step => step.action.kind === 'uses' && step.action.name === 'docker/build-push-action'),
  );
  if (withBump && builds) views.push({ name: BUMP_JOB, state: 'queued', steps: [{ name: BUMP_STEP, state: 'queued' }] });
  return views;
}
