// Tells the journal and whoever shows commit statuses how a run goes.
import type { EventSink, RunView } from '../core/index.ts';
import type { CommitStatus, PipelineOptions } from './contract.ts';
import type { RunOutcome } from './run/execute-run.ts';

export class RunReport {
  readonly #events: EventSink;
  readonly #statusSink: PipelineOptions['statusSink'];

  constructor({ events, statusSink }: Pick<PipelineOptions, 'events' | 'statusSink'>) {
    this.#events = events;
    this.#statusSink = statusSink;
  }

  queued(view: RunView): void {
    this.#status(view, 'pending', 'waits for its turn');
  }

  started(view: RunView): void {
    const { id: run, repository, sha, workflow, actor } = view;
    this.#events.record('pipeline.run.started', { run, repository, sha, workflow }, { actor });
    this.#status(view, 'pending', 'runs');
  }

  stepFinished(view: RunView, job: string, step: RunView['jobs'][number]['steps'][number]): void {
    const outcome = step.state === 'queued' || step.state === 'running' ? 'skipped' : step.state;
    this.#events.record('pipeline.step.finished', { run: view.id, job, step: step.name, outcome, ms: step.ms ?? 0 });
  }

  finished(view: RunView, { state, reason }: RunOutcome): void {
    const { id: run, repository, sha, ms = 0, image, digest, actor } = view;
    this.#events.record(
      'pipeline.run.finished',
      {
        run,
        repository,
        sha,
        outcome: state,
        ms,
        ...(image ? { image } : {}),
        ...(digest ? { digest } : {}),
        ...(reason ? { reason } : {}),
      },
      { actor },
    );
    this.#status(view, state === 'cancelled' ? 'error' : state, reason ?? `took ${(ms / 1000).toFixed(1)} s`);
  }

  #status({ repository, sha, workflow, id }: RunView, state: CommitStatus['state'], description: string): void {
    this.#statusSink?.({ repository, sha, context: workflow, state, description, run: id });
  }
}
