// What the pipeline says of a commit, as code hosts show it beside one: the newest run of each workflow.
import type { CommitStatus } from '../platform/api/index.ts';
import type { RunView } from '../platform/core/index.ts';

const STATES: Record<RunView['state'], CommitStatus['state']> = {
  queued: 'pending',
  running: 'pending',
  success: 'success',
  failure: 'failure',
  cancelled: 'error',
};

/** `runs`: newest first. */
export function commitStatuses(runs: RunView[], { repository, sha }: { repository: string; sha: string }): CommitStatus[] {
  const newest = new Map<string, RunView>();
  for (const run of runs) {
    if (run.repository === repository && run.sha === sha && !newest.has(run.workflow)) newest.set(run.workflow, run);
  }
  return [...newest.values()].map(run => ({
    repository,
    sha,
    context: run.workflow,
    state: STATES[run.state],
    description: run.reason ?? describe(run),
    run: run.id,
  }));
}

function describe(run: RunView): string {
  if (run.state === 'queued') return 'waits for its turn';
  const steps = run.jobs.flatMap(job => job.steps.map(step => ({ job: job.name, ...step })));
  const current = steps.find(step => step.state === 'running' || step.state === 'failure');
  if (run.state === 'running') return current ? `${current.job}: ${current.name}` : 'starts';
  if (run.state === 'failure') return current ? `${current.job}: ${current.name} failed` : 'failed';
  return run.image ? `built ${run.image}` : run.state;
}
