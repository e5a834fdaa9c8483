// How did the pipeline end for the newest commit of a repository?
import type { RunView } from '../../../platform/core/index.ts';
import type { RepositoryName } from '../context.ts';
import { type Check, passed, short, waiting } from './check.ts';

export interface PipelineParameters {
  repository: RepositoryName;
  outcome: 'success' | 'failure';
}

function progressOf(run: RunView): string {
  const job = run.jobs.find(candidate => candidate.state === 'running');
  const step = job?.steps.find(candidate => candidate.state === 'running');
  return step ? `${job?.name}: ${step.name}` : run.state;
}

export const pipeline: Check<PipelineParameters> = async ({ repository, outcome }, scope) => {
  const head = await scope.head(repository);
  const runs = await scope.context.api().runs(scope);
  const run = runs.find(candidate => candidate.repository === repository && candidate.sha === head);
  if (!run) return waiting(`no run for ${short(head)} yet`);
  if (run.state === 'queued' || run.state === 'running')
    return waiting(`run ${run.number} for ${short(head)}: ${progressOf(run)}`);
  if (run.state !== outcome)
    return waiting(`run ${run.number} for ${short(head)} ended with ${run.state}${run.reason ? `: ${run.reason}` : ''}`);
  return passed(`run ${run.number} for ${short(head)}: ${outcome === 'failure' && run.reason ? run.reason : outcome}`);
};
