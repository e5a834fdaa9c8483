// The pipeline itself: takes pushes, keeps runs in order and on disk, and takes up after a crash what it had accepted.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DarumaError, messageOf, type RunView, systemClock } from '../core/index.ts';
import { abortable } from './abortable.ts';
import type { Pipeline, PipelineOptions, PushEvent } from './contract.ts';
import { isSamePush, startsNothing, subjectOf } from './push-event.ts';
import { executeRun, queuedJobs, type RunOutcome } from './run/execute-run.ts';
import { Masks } from './run/masks.ts';
import { killOrphans } from './run/orphans.ts';
import { githubContext, type RunContext, scopeOf } from './run/run-context.ts';
import { RunLog, readLogFile } from './run/run-log.ts';
import { type RunRecord, RunStore } from './run/run-store.ts';
import { RunQueue } from './run-queue.ts';
import { RunReport } from './run-report.ts';
import { interpolate, type Workflow } from './workflow/index.ts';
import { readWorkflow, triggeredWorkflows, WORKFLOW_FOLDER, type WorkflowFile } from './workflow-files.ts';

const MAX_WAITING = 100;
const MAX_ATTEMPTS = 3;

interface ActiveRun {
  id: string;
  group: string | undefined;
  record: RunRecord;
  workflow: Workflow;
  log: RunLog;
  controller: AbortController;
  ended: Promise<void>;
  end: () => void;
}

class WorkflowPipeline implements Pipeline {
  readonly #options: PipelineOptions;
  readonly #clock;
  readonly #store: RunStore;
  readonly #report: RunReport;
  readonly #work: string;
  readonly #queue: RunQueue<ActiveRun>;
  readonly #active = new Map<string, ActiveRun>();
  readonly #lastBumped = new Map<string, number>();
  readonly #tasks = new Set<Promise<void>>();
  #disposed = false;

  constructor(options: PipelineOptions, store: RunStore) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#store = store;
    this.#report = new RunReport(options);
    this.#work = resolve(options.directory, 'work');
    this.#queue = new RunQueue(options.maxRunning ?? 2, run => this.#track(this.#execute(run)));
  }

  async start(push: PushEvent): Promise<RunView[]> {
    const { repositories } = this.#options;
    if (this.#disposed || startsNothing(push)) return [];
    const known = this.#store.records.filter(record => isSamePush(record.push, push));
    if (known.length > 0) return known.map(({ view }) => structuredClone(view));
    if (repositories.hasPath && !(await repositories.hasPath(push.repository, push.after, WORKFLOW_FOLDER))) return [];
    const source = join(this.#work, `push-${randomBytes(6).toString('hex')}`);
    try {
      await this.#checkout(push, source);
      const started: RunView[] = [];
      for (const found of await triggeredWorkflows(source, push.ref)) {
        started.push(await this.#accept(push, found, source));
      }
      return started;
    } finally {
      await rm(source, { recursive: true, force: true });
    }
  }

  runs(): RunView[] {
    return this.#store.records.map(({ view }) => structuredClone(view)).reverse();
  }

  run(id: string): RunView | undefined {
    const record = this.#store.find(id);
    return record && structuredClone(record.view);
  }

  async *logs(id: string, options: { follow?: boolean; signal?: AbortSignal } = {}): AsyncGenerator<string> {
    this.#need(id);
    const active = this.#active.get(id);
    yield* active ? active.log.read(options) : readLogFile(this.#store.logPath(id));
  }

  async cancel(id: string, reason = 'cancelled by a user'): Promise<boolean> {
    this.#need(id);
    const run = this.#active.get(id);
    if (!run) return false;
    run.controller.abort(new DarumaError('INTERRUPTED', reason));
    if (this.#queue.remove(run)) await this.#finish(run, { state: 'cancelled', reason });
    await run.ended;
    return true;
  }

  async finished(id: string, { signal }: { signal?: AbortSignal } = {}): Promise<RunView> {
    const record = this.#need(id);
    const run = this.#active.get(id);
    if (run) await abortable(run.ended, signal);
    return structuredClone(record.view);
  }

  /** Takes up again what a crash or a stop has left. Returns when all of it is queued. */
  async recover(): Promise<void> {
    const left = await readdir(this.#work).catch(() => []);
    const killed = left.length > 0 ? await killOrphans(this.#work) : 0;
    if (killed > 0) this.#options.logger.warn('processes of an earlier platform were ended', { processes: killed });
    await rm(this.#work, { recursive: true, force: true });
    await mkdir(this.#work, { recursive: true });
    for (const record of this.#store.records) {
      if (record.view.image && record.view.state === 'success') this.#markBumped(record);
    }
    const open = this.#store.records.filter(({ view }) => view.state === 'queued' || view.state === 'running');
    for (const record of open) await this.#runAgain(record);
    await this.#store.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#queue.stop();
    for (const run of this.#active.values()) run.controller.abort(new DarumaError('INTERRUPTED', 'the platform stops'));
    await Promise.all([...this.#tasks]);
    for (const run of this.#active.values()) {
      await run.log.close();
      run.end();
    }
  }

  #need(id: string): RunRecord {
    const record = this.#store.find(id);
    if (!record) throw new DarumaError('NOT_FOUND', `there is no pipeline run ${id}`, { hint: 'daruma runs lists them' });
    return record;
  }

  #track(task: Promise<void>): void {
    const tracked = task
      .catch(error => this.#options.logger.error('a pipeline run broke', { error: messageOf(error) }))
      .finally(() => this.#tasks.delete(tracked));
    this.#tasks.add(tracked);
  }

  async #checkout(push: PushEvent, into: string): Promise<void> {
    await mkdir(into, { recursive: true });
    await this.#options.repositories.checkout(push.repository, push.after, into);
  }

  /** Stores a run for one workflow file and puts it into the queue. Takes over `source` when it is still there. */
  async #accept(push: PushEvent, found: WorkflowFile, source: string): Promise<RunView> {
    const number = this.#store.nextNumber(push.repository);
    const id = `${push.repository.replace(/[^\w.-]/g, '-')}-${number}`;
    const workflow = 'workflow' in found ? found.workflow : undefined;
    const view: RunView = {
      id,
      number,
      repository: push.repository,
      sha: push.after,
      subject: subjectOf(push),
      actor: push.actor,
      workflow: workflow?.name ?? found.file,
      state: 'queued',
      startedAt: this.#clock.now().toISOString(),
      jobs: workflow ? queuedJobs(workflow.jobs, this.#bumps(push)) : [],
    };
    const record: RunRecord = { view, push, file: found.file, attempts: 0 };
    this.#store.add(record);
    if (!workflow) return this.#refuse(record, 'error' in found ? found.error.message : 'cannot be read');
    if (this.#queue.waiting.length >= MAX_WAITING)
      return this.#refuse(record, `${MAX_WAITING} runs wait already; push again later`);
    const folder = join(this.#work, id);
    await mkdir(folder, { recursive: true });
    await rename(source, join(folder, 'source')).catch(() => this.#checkout(push, join(folder, 'source')));
    await this.#store.save(record);
    this.#enqueue(record, workflow);
    return structuredClone(view);
  }

  async #refuse(record: RunRecord, reason: string): Promise<RunView> {
    const log = new RunLog(this.#store.logPath(record.view.id));
    log.append(reason);
    await log.close();
    this.#settle(record, { state: 'failure', reason });
    await this.#store.save(record);
    return structuredClone(record.view);
  }

  async #runAgain(record: RunRecord): Promise<void> {
    if (record.attempts >= MAX_ATTEMPTS) {
      await this.#refuse(record, `the platform stopped ${MAX_ATTEMPTS} times during this run; it is not started again`);
      return;
    }
    try {
      const source = join(this.#work, record.view.id, 'source');
      await this.#checkout(record.push, source);
      const found = await readWorkflow(source, record.file);
      if (!('workflow' in found)) throw found.error;
      record.view.state = 'queued';
      record.view.jobs = queuedJobs(found.workflow.jobs, this.#bumps(record.push));
      this.#enqueue(record, found.workflow).log.append('the platform was stopped during this run; it starts again');
    } catch (error) {
      await this.#refuse(record, `the run cannot be taken up again: ${messageOf(error)}`);
    }
  }

  #bumps(push: PushEvent): boolean {
    return this.#options.actions.bump !== undefined && push.ref === `refs/heads/${this.#options.bumpBranch ?? 'main'}`;
  }

  #enqueue(record: RunRecord, workflow: Workflow): ActiveRun {
    let end = () => {};
    const ended = new Promise<void>(done => {
      end = done;
    });
    const { id } = record.view;
    const group = this.#groupOf(record, workflow);
    const run: ActiveRun = {
      id,
      group: group?.name,
      record,
      workflow,
      log: new RunLog(this.#store.logPath(id)),
      controller: new AbortController(),
      ended,
      end,
    };
    this.#active.set(id, run);
    this.#report.queued(record.view);
    if (group) {
      const others = this.#queue.inGroup(group.name);
      const superseded = [...others.waiting, ...(group.cancel ? others.running : [])];
      for (const other of superseded)
        this.#track(this.cancel(other.id, `superseded by run ${record.view.number}`).then(() => {}));
    }
    this.#queue.add(run);
    return run;
  }

  #groupOf(record: RunRecord, workflow: Workflow): { name: string; cancel: boolean } | undefined {
    if (!workflow.concurrency) return undefined;
    const github = githubContext({ push: record.push, view: record.view, workflow });
    const scope = scopeOf(this.#options.secrets ?? {}, { github, env: {} }, 'success');
    const { group, cancelInProgress } = workflow.concurrency;
    try {
      return {
        name: `${record.push.repository}:${interpolate(group, scope)}`,
        cancel: interpolate(cancelInProgress, scope) === 'true',
      };
    } catch {
      return { name: `${record.push.repository}:${group}`, cancel: false };
    }
  }

  async #execute(run: ActiveRun): Promise<void> {
    const { record, workflow, controller, log } = run;
    const { view, push } = record;
    const { secrets = {}, actions, directory } = this.#options;
    const masks = new Masks(Object.values(secrets));
    const home = resolve(directory, 'home');
    const context: RunContext = {
      view,
      push,
      workflow,
      folder: join(this.#work, view.id),
      source: join(this.#work, view.id, 'source'),
      home,
      masks,
      secrets,
      actions,
      images: [],
      log: line => log.append(masks.apply(line)),
      now: () => performance.now(),
      stepFinished: (job, step) => this.#report.stepFinished(view, job, step),
    };
    view.state = 'running';
    record.attempts++;
    view.startedAt = this.#clock.now().toISOString();
    const startedAt = performance.now();
    this.#report.started(view);
    context.log(`${view.workflow}: run ${view.number} of ${view.repository} at ${view.sha}, pushed by ${view.actor}`);
    for (const note of workflow.notes) context.log(`note: ${note}`);
    const saved = this.#store.save(record);
    let outcome: RunOutcome;
    try {
      await mkdir(home, { recursive: true });
      outcome = await executeRun(context, { bump: () => this.#markBumped(record), signal: controller.signal });
    } catch (error) {
      outcome = { state: 'failure', reason: masks.apply(messageOf(error)) };
    }
    await saved;
    view.ms = Math.round(performance.now() - startedAt);
    await this.#finish(run, outcome);
  }

  /** False when a newer run of the same repository has bumped already. */
  #markBumped({ view }: RunRecord): boolean {
    if ((this.#lastBumped.get(view.repository) ?? 0) > view.number) return false;
    this.#lastBumped.set(view.repository, view.number);
    return true;
  }

  async #finish(run: ActiveRun, outcome: RunOutcome): Promise<void> {
    const { record, log } = run;
    if (this.#disposed && outcome.state === 'cancelled') {
      record.view.state = 'queued';
      record.attempts = Math.max(0, record.attempts - 1);
    } else {
      log.append(outcome.reason ? `${outcome.state}: ${outcome.reason}` : outcome.state);
      this.#settle(record, outcome);
    }
    try {
      await this.#store.save(record);
      await log.close();
      await rm(join(this.#work, run.id), { recursive: true, force: true, maxRetries: 3 });
      await this.#store.trim();
    } finally {
      this.#active.delete(run.id);
      run.end();
      this.#queue.ended(run);
    }
  }

  #settle({ view }: RunRecord, outcome: RunOutcome): void {
    view.state = outcome.state;
    view.finishedAt = this.#clock.now().toISOString();
    view.ms ??= 0;
    if (outcome.reason) view.reason = outcome.reason;
    for (const job of view.jobs) {
      if (job.state === 'queued' || job.state === 'running') job.state = outcome.state === 'cancelled' ? 'cancelled' : 'skipped';
      for (const step of job.steps) if (step.state === 'queued' || step.state === 'running') step.state = job.state;
    }
    this.#report.finished(view, outcome);
  }
}

/** Opens the pipeline and takes up again the runs that a crash or a stop has left queued or running. */
export async function createPipeline(options: PipelineOptions): Promise<Pipeline> {
  const store = await RunStore.open(join(options.directory, 'runs'), options.logger);
  const pipeline = new WorkflowPipeline(options, store);
  await pipeline.recover();
  return pipeline;
}
