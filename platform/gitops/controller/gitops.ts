// The engine's door as others call it: views, sync, rollback, diff, snapshot and restore.
import { DarumaError, type HistoryView, messageOf, type ObjectDiffView, type ResourceView } from '../../core/index.ts';
import type { Gitops, GitopsOptions, GitopsSyncRequest, GitopsSyncResult, ManagedObject, PushNotice } from '../contract.ts';
import { planRollback } from '../history/index.ts';
import { type Application, ensureCrds, resourceLabel } from '../model/index.ts';
import { Renderer } from '../render/index.ts';
import { checkGuards } from '../sync/index.ts';
import { type AppState, conditionsOf, lastDeployment } from './app-state.ts';
import { compareApplication, confirmComparison } from './compare-application.ts';
import type { DesiredSet } from './desired-set.ts';
import { Engine } from './engine.ts';
import { evaluate } from './evaluate.ts';
import { runOperation } from './operation.ts';
import { desiredAt } from './refresh.ts';
import { managedObjects } from './snapshot.ts';
import { applicationView, resourceTree } from './views.ts';

const SETTLE_TIMEOUT_MS = 120_000;
const CHILD_KINDS = [
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'batch/v1', kind: 'Job' },
];

/** Installs the CRDs, reads every Application and begins to keep them true. The renderer, when given, stays the caller's. */
export async function startGitops(options: GitopsOptions & { renderer?: Renderer }): Promise<Gitops> {
  const { client, clock, cacheDir, namespace } = options;
  const own = options.renderer ? undefined : new Renderer({ cacheDir });
  const renderer = options.renderer ?? own;
  if (!renderer) throw new Error('there is no renderer');
  if (own)
    own.warmUp().catch(error => options.logger.warn('the render engine could not be warmed up', { error: messageOf(error) }));
  const engine = new Engine(options, renderer);
  try {
    await Promise.all([
      ensureCrds(client, { sleep: ms => clock.sleep(ms), signal: engine.context.signal }),
      client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, { force: true }),
    ]);
    await engine.start();
  } catch (error) {
    await engine[Symbol.asyncDispose]();
    await own?.[Symbol.asyncDispose]();
    throw error;
  }
  return new RunningGitops(engine, own);
}

class RunningGitops implements Gitops {
  readonly #engine: Engine;
  readonly #renderer: Renderer | undefined;

  constructor(engine: Engine, renderer: Renderer | undefined) {
    this.#engine = engine;
    this.#renderer = renderer;
    engine.operationRequested = (name, request) => {
      this.sync(name, { ...request, role: 'developer' }).catch(error => {
        const state = engine.state(name);
        state.syncError = { type: 'SyncError', message: messageOf(error) };
        void engine.context.publish(state);
      });
    };
  }

  async applications() {
    return Promise.all(this.#engine.states().map(state => this.#view(state)));
  }

  async application(name: string) {
    return this.#view(this.#engine.state(name));
  }

  async resources(name: string): Promise<ResourceView[]> {
    const state = this.#engine.state(name);
    const { live } = this.#engine.context;
    await live.ensure(CHILD_KINDS);
    return resourceTree(state, live);
  }

  async diff(
    name: string,
    { revision, local, signal }: { revision?: string; local?: Map<string, Uint8Array>; signal?: AbortSignal } = {},
  ): Promise<ObjectDiffView[]> {
    const state = this.#engine.state(name);
    const application = definitionOf(state);
    const { context } = this.#engine;
    const sha = await context.sources.resolve(application.source, revision);
    const set = await desiredAt(state, application, sha, context, local);
    const { live, evaluator, exists } = context;
    await live.ensure([...set.items.values()].map(item => item.object));
    const comparison = compareApplication({ application, set, live, evaluator, exists });
    await confirmComparison(comparison, { application, evaluator, signal: signal ?? context.signal });
    const wanted = comparison.items
      .filter(({ item, verdict }) => !item.hook && verdict.state !== 'equal')
      .map(({ item, verdict }) => ({
        resource: resourceLabel(item.object),
        ...(item.object.metadata.namespace ? { namespace: item.object.metadata.namespace } : {}),
        action: verdict.state === 'missing' ? ('create' as const) : ('update' as const),
        changes: verdict.changes,
      }));
    const extra = comparison.extra.map(object => ({
      resource: resourceLabel(object),
      ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
      action: 'prune' as const,
      changes: [],
    }));
    return [...wanted, ...extra];
  }

  async sync(name: string, request: GitopsSyncRequest): Promise<GitopsSyncResult> {
    checkGuards(definitionOf(this.#engine.state(name)), request);
    return this.#engine.run(name, async state => {
      const application = definitionOf(state);
      checkGuards(application, request);
      const { context } = this.#engine;
      const target = await context.sources.resolve(application.source);
      const sha = request.revision ? await context.sources.resolve(application.source, request.revision) : target;
      if (application.automated && sha !== target && !request.dryRun)
        throw new DarumaError(
          'CONFLICT',
          `${name} syncs automatically to ${application.source.targetRevision}: it cannot be synced to ${request.revision}`,
          {
            hint: 'roll back by a commit, or take spec.syncPolicy.automated away first',
          },
        );
      const set = await this.#requireSet(state, application, sha);
      if (sha === target) state.target = set;
      return runOperation(
        state,
        {
          set,
          trigger: 'manual',
          actor: request.actor,
          role: request.role,
          prune: request.prune ?? false,
          dryRun: request.dryRun ?? false,
          ...(request.resources?.length ? { resources: request.resources } : {}),
          ...(request.signal ? { signal: request.signal } : {}),
        },
        context,
      );
    });
  }

  async history(name: string): Promise<HistoryView[]> {
    return this.#engine.run(name, async state => {
      const { sources } = this.#engine.context;
      const shown = state.history.slice(-(state.application?.historyLimit ?? 10)).reverse();
      return Promise.all(
        shown.map(async ({ id, revision, actor, deployedAt, images }) => {
          const commit = state.application && (await sources.commit(state.application, revision).catch(() => undefined));
          return { id, revision, subject: commit?.subject ?? '', actor, deployedAt, images };
        }),
      );
    });
  }

  async rollback(
    name: string,
    request: { id?: number; actor: string; role: GitopsSyncRequest['role']; confirm?: string; signal?: AbortSignal },
  ): Promise<{ commit: string; toId: number; sync: GitopsSyncResult }> {
    checkGuards(definitionOf(this.#engine.state(name)), request);
    return this.#engine.run(name, async state => {
      const application = definitionOf(state);
      const { context } = this.#engine;
      const { git, sources, events } = context;
      const repository = sources.repository(application.source);
      const head = await sources.resolve(application.source);
      // A broken head must not stand in the way of a rollback: then what was deployed tells the folders.
      const paths = (await desiredAt(state, application, head, context).catch(() => state.deployed))?.paths ?? [
        application.source.path,
      ];
      const plan = await planRollback({
        application,
        repository,
        history: state.history,
        ...(request.id === undefined ? {} : { id: request.id }),
        head,
        paths,
        git,
      });
      const { before, after } = await git.restorePath({
        repository,
        branch: plan.branch,
        path: plan.path,
        revision: plan.to.revision,
        message: `Roll back ${name} to deployment ${plan.to.id}\n\nRestores ${plan.path} as in ${plan.to.revision}.\n`,
        author: request.actor,
      });
      events.record('gitops.rollback', { application: name, toId: plan.to.id, commit: after }, { actor: request.actor });
      await sources.affectedBy({ repository, ref: `refs/heads/${plan.branch}`, before, after, actor: request.actor });
      this.onPush({ repository, ref: `refs/heads/${plan.branch}`, before, after, actor: request.actor });
      const set = await this.#requireSet(state, application, after);
      state.target = set;
      const sync = await runOperation(
        state,
        {
          set,
          trigger: 'rollback',
          actor: request.actor,
          role: request.role,
          prune: true,
          ...(request.signal ? { signal: request.signal } : {}),
        },
        context,
      );
      return { commit: after, toId: plan.to.id, sync };
    });
  }

  drift() {
    return this.#engine.context.drifts.list();
  }

  onPush(push: PushNotice): void {
    this.#engine.push(push);
  }

  async settled({ signal, timeoutMs = SETTLE_TIMEOUT_MS }: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<void> {
    const engine = this.#engine;
    const deadline = AbortSignal.timeout(timeoutMs);
    const either = AbortSignal.any([deadline, engine.context.signal, ...(signal ? [signal] : [])]);
    for (;;) {
      const waiting = engine.pushesHandled ? engine.waiting() : ['a push is being read'];
      if (waiting.length === 0) return;
      // Queues end without an event of their own now and then; so the look is repeated.
      await Promise.race([engine.changed(either), engine.context.clock.sleep(50, { signal: either })]).catch(error => {
        signal?.throwIfAborted();
        if (deadline.aborted)
          throw new DarumaError('TIMEOUT', `not settled after ${timeoutMs / 1000} s: ${waiting.join('; ')}`, {
            hint: 'daruma status shows what each application waits for',
          });
        throw error;
      });
    }
  }

  async snapshot(): Promise<ManagedObject[]> {
    const { live } = this.#engine.context;
    return managedObjects(
      this.#engine.states().flatMap(({ name }) => live.ownedBy(name).map(object => ({ application: name, object }))),
    );
  }

  async restore({
    revisions = {},
    signal,
  }: {
    revisions?: Record<string, string>;
    signal?: AbortSignal;
  } = {}): Promise<GitopsSyncResult[]> {
    const engine = this.#engine;
    const results = new Map<string, GitopsSyncResult>();
    const either = AbortSignal.any([engine.context.signal, AbortSignal.timeout(SETTLE_TIMEOUT_MS), ...(signal ? [signal] : [])]);
    try {
      // An application of applications brings others: each round restores those that have come.
      for (;;) {
        const next = engine.states().filter(state => !results.has(state.name));
        if (next.length === 0) break;
        const restored = await Promise.all(next.map(state => this.#restoreOne(state.name, revisions[state.name], either)));
        for (const result of restored) results.set(result.application, result);
        await this.#untilRead(either);
      }
    } finally {
      engine.release();
    }
    return [...results.values()];
  }

  /** Until every Application object in the cluster has a state. */
  async #untilRead(signal: AbortSignal): Promise<void> {
    const { context } = this.#engine;
    const expected = () =>
      this.#engine
        .states()
        .flatMap(state => [...(state.deployed?.items.values() ?? [])].filter(({ object }) => object.kind === 'Application'));
    await context.live.until(() => expected().every(({ object }) => context.exists(object.metadata.name ?? '')), { signal });
  }

  async #restoreOne(name: string, asked: string | undefined, signal: AbortSignal): Promise<GitopsSyncResult> {
    return this.#engine.run(name, async state => {
      const { context } = this.#engine;
      const nothing = (message: string): GitopsSyncResult => ({
        application: name,
        revision: '',
        phase: 'Succeeded',
        message,
        ms: 0,
        resources: [],
      });
      const application = definitionOf(state);
      const last = lastDeployment(state);
      const revision = asked ?? last?.revision;
      if (!revision) return nothing('was never deployed');
      const source = last ? { ...application.source, path: last.source.path } : application.source;
      const set = await desiredAt(state, { ...application, source }, revision, context);
      return runOperation(state, { set, trigger: 'rebuild', actor: 'daruma', prune: false, signal }, context);
    });
  }

  async #view(state: AppState) {
    const { live, namespace, sources } = this.#engine.context;
    const { application } = state;
    const targetRevision = application
      ? await sources.resolve(application.source).catch(() => state.targetRevision)
      : state.targetRevision;
    return applicationView(state, { live, namespace, targetRevision });
  }

  async #requireSet(state: AppState, application: Application, sha: string): Promise<DesiredSet> {
    const { context } = this.#engine;
    try {
      const set = await desiredAt(state, application, sha, context);
      const refused = set.conditions.find(({ type }) => type === 'InvalidSpecError');
      if (refused) throw new DarumaError('CONFLICT', refused.message);
      return set;
    } catch (error) {
      await evaluate(state, context);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#engine[Symbol.asyncDispose]();
    await this.#renderer?.[Symbol.asyncDispose]();
  }
}

/** @throws DarumaError CONFLICT naming what is wrong with the definition */
function definitionOf(state: AppState): Application {
  const { application, specConditions } = state;
  if (!application || specConditions.length > 0)
    throw new DarumaError(
      'CONFLICT',
      `${state.name} cannot be acted on: ${conditionsOf(state)[0]?.message ?? 'it has not been read yet'}`,
      {
        hint: 'mend the Application and push it',
      },
    );
  return application;
}
