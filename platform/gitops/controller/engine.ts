// The GitOps engine: composes its parts, and turns pushes, watch events and requests into work in the applications' queues.
import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { DarumaError, messageOf } from '../../core/index.ts';
import { isApiError, type KubeObject } from '../../kube/index.ts';
import type { GitopsOptions, PushNotice } from '../contract.ts';
import { ARGO_API, openProject, readAppProject } from '../model/index.ts';
import type { Renderer } from '../render/index.ts';
import { Sources } from '../source/index.ts';
import { type AppState, newAppState } from './app-state.ts';
import { applicationStatus } from './application-status.ts';
import type { EngineContext } from './context.ts';
import { DeployedHistory } from './deployed-history.ts';
import { DriftLog } from './drift-log.ts';
import { DriftWatch } from './drift-watch.ts';
import { evaluate } from './evaluate.ts';
import { Evaluator } from './evaluator.ts';
import { KeyIndex } from './key-index.ts';
import { type LiveEvent, LiveState } from './live-state.ts';
import { refresh } from './refresh.ts';
import { boundedBy, SerialQueue } from './serial-queue.ts';
import { waitsFor } from './settle.ts';
import { StatusWriter } from './status-writer.ts';
import { messageFor } from './views.ts';

const APPLICATION = { apiVersion: ARGO_API, kind: 'Application' };
const APP_PROJECT = { apiVersion: ARGO_API, kind: 'AppProject' };
const REQUESTS_AT_ONCE = 24;
const REFRESH_ANNOTATION = 'argocd.argoproj.io/refresh';

interface Slot {
  state: AppState;
  queue: SerialQueue;
  refreshPending: boolean;
  evaluationPending: boolean;
  historyRead: boolean;
  told: string;
}

export class Engine implements AsyncDisposable {
  readonly context: EngineContext;
  readonly #options: GitopsOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #stop = new AbortController();
  readonly #history: DeployedHistory;
  readonly #statuses: StatusWriter;
  readonly #settled = new Set<() => void>();
  /** All work in all queues, those of applications that were dropped meanwhile included. */
  readonly #work = new Set<Promise<unknown>>();
  #pushes = new SerialQueue();
  #held: boolean;

  constructor(options: GitopsOptions, renderer: Renderer) {
    const { client, git, events, clock, logger, namespace } = options;
    this.#options = options;
    this.#held = options.awaitRestore ?? false;
    this.#history = new DeployedHistory(git);
    const { signal } = this.#stop;
    // Every watch, wait and timer of the engine ends by this one signal.
    setMaxListeners(0, signal);
    const live = new LiveState({ client, signal, clock, logger });
    this.#statuses = new StatusWriter({
      client,
      clock,
      logger,
      signal,
      statusOf: state => applicationStatus(state, live.ownedBy(state.name), clock.now().toISOString()),
    });
    this.context = {
      client,
      git,
      events,
      clock,
      logger,
      namespace,
      signal,
      live,
      sources: new Sources({ git, renderer, resolveRepository: options.resolveRepository, cacheDir: options.cacheDir }),
      evaluator: new Evaluator(client),
      keys: new KeyIndex(),
      drifts: new DriftLog({ events, clock, signal, ...(options.audit ? { audit: options.audit } : {}) }),
      limit: boundedBy(REQUESTS_AT_ONCE),
      project: name => this.#project(name),
      exists: name => this.#slots.has(name),
      held: () => this.#held,
      publish: state => this.#publish(state),
      requestRefresh: name => this.requestRefresh(name),
      requestRefreshIn: (name, delayMs) => {
        clock.sleep(delayMs, { signal }).then(
          () => this.requestRefresh(name),
          () => {
            // The engine stops.
          },
        );
      },
    };
  }

  /** Watches begin; resolves when every Application that exists is known, and the root one is created if it was missing. */
  async start(): Promise<void> {
    const { live } = this.context;
    await live.ensure([APPLICATION, APP_PROJECT, { apiVersion: 'v1', kind: 'Namespace' }]);
    const drift = new DriftWatch(this.context, {
      state: name => this.#slots.get(name)?.state,
      isBusy: name =>
        this.#slots.get(name)?.state.operation?.phase === 'Running' && this.#slots.get(name)?.state.abort !== undefined,
      enqueue: (name, work) => this.#enqueue(name, work),
      requestEvaluation: name => this.#requestEvaluation(name),
    });
    live.onChange(event => {
      if (this.#stop.signal.aborted) return;
      if (event.object.kind === 'Application' && event.object.apiVersion === ARGO_API) this.#takeApplication(event);
      else if (event.object.kind === 'AppProject' && event.object.apiVersion === ARGO_API) this.#takeProject(event);
      drift.handle(event);
    });
    for (const object of live.all(APPLICATION))
      this.#takeApplication({ type: 'added', key: '', object, arrivedAt: performance.now() });
    await this.#ensureRoot();
  }

  /** @throws DarumaError NOT_FOUND */
  state(name: string): AppState {
    return this.#slot(name).state;
  }

  states(): AppState[] {
    return [...this.#slots.values()].map(slot => slot.state).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Runs behind what the application's queue holds. @throws DarumaError NOT_FOUND */
  run<T>(name: string, work: (state: AppState) => Promise<T>): Promise<T> {
    const slot = this.#slot(name);
    return this.#track(
      slot.queue.run(async () => {
        this.#stop.signal.throwIfAborted();
        await this.#readHistory(slot);
        return work(slot.state);
      }),
    );
  }

  requestRefresh(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot || slot.refreshPending || this.#stop.signal.aborted) return;
    slot.refreshPending = true;
    this.#enqueue(name, async () => {
      slot.refreshPending = false;
      await this.#readHistory(slot);
      await refresh(slot.state, this.context);
    });
  }

  push(notice: PushNotice): void {
    this.#pushes
      .run(async () => {
        for (const name of await this.context.sources.affectedBy(notice)) {
          const state = this.#slots.get(name)?.state;
          if (!state) continue;
          if (state.operation?.trigger === 'automatic' && state.operation.revision !== notice.after)
            state.abort?.abort(new DarumaError('INTERRUPTED', 'superseded by a newer commit'));
          state.retryTimer?.abort();
          delete state.retryAt;
          this.requestRefresh(name);
        }
      })
      .catch(error =>
        this.context.logger.error('a push could not be handled', { error: messageOf(error), repository: notice.repository }),
      );
  }

  /** Frees automated syncs. */
  release(): void {
    this.#held = false;
    for (const name of this.#slots.keys()) this.requestRefresh(name);
  }

  /** What is still waited for, one line each. */
  waiting(): string[] {
    if (this.#slots.size === 0 && this.#options.root) return ['the root application has not been read yet'];
    return [...this.#slots.values()].flatMap(({ state, queue }) => {
      const reason = waitsFor(state);
      return reason !== undefined ? [reason] : queue.length > 0 ? [`${state.name} is being compared`] : [];
    });
  }

  /** Resolves when something may have changed for `waiting`. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#settled.delete(done);
        signal.removeEventListener('abort', failed);
        resolve();
      };
      const failed = () => {
        this.#settled.delete(done);
        reject(signal.reason as Error);
      };
      if (signal.aborted) return failed();
      this.#settled.add(done);
      signal.addEventListener('abort', failed, { once: true });
    });
  }

  get pushesHandled(): boolean {
    return this.#pushes.length === 0;
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (!slot)
      throw new DarumaError('NOT_FOUND', `there is no application ${name}`, {
        hint: `known are: ${[...this.#slots.keys()].sort().join(', ') || 'none'}`,
      });
    return slot;
  }

  #track<T>(running: Promise<T>): Promise<T> {
    const settled = running.then(
      () => {},
      () => {},
    );
    this.#work.add(settled);
    void settled.then(() => this.#work.delete(settled));
    return running;
  }

  #enqueue(name: string, work: () => Promise<void>): void {
    const slot = this.#slots.get(name);
    if (!slot || this.#stop.signal.aborted) return;
    this.#track(slot.queue.run(async () => (this.#stop.signal.aborted ? undefined : work())))
      .catch(error => {
        if (this.#stop.signal.aborted) return;
        const message = messageOf(error);
        this.context.logger.error('an application could not be worked on', { application: name, error: message });
        this.context.events.record('gitops.error', { application: name, message });
        // An API server that was away, say: the whole is looked at again.
        this.context.requestRefreshIn(name, 1_000);
      })
      .finally(() => this.#wake());
  }

  /** Bursts of events cost one comparison; the larger an application, the longer they are gathered. */
  #requestEvaluation(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot || slot.evaluationPending || slot.refreshPending) return;
    slot.evaluationPending = true;
    const gatherMs = Math.min(1_000, 5 + (slot.state.target?.items.size ?? 0));
    this.context.clock.sleep(gatherMs, { signal: this.#stop.signal }).then(
      () =>
        this.#enqueue(name, async () => {
          slot.evaluationPending = false;
          const { state } = slot;
          if (state.object.metadata.deletionTimestamp) return;
          await evaluate(state, this.context);
          // A heal that waits behind comes first; it asks for another look.
          if (state.sync === 'OutOfSync' && state.application?.automated?.selfHeal && !this.#held && slot.queue.length === 1)
            await refresh(state, this.context);
        }),
      () => {},
    );
  }

  async #readHistory(slot: Slot): Promise<void> {
    if (slot.historyRead) return;
    const spec = slot.state.object.spec as { source?: { repoURL?: string } } | undefined;
    const repository = this.#options.resolveRepository(spec?.source?.repoURL ?? '');
    if (repository === undefined) return;
    slot.state.history = await this.#history.of(repository, slot.state.name);
    slot.historyRead = true;
  }

  #takeApplication({ type, object }: Pick<LiveEvent, 'type' | 'object'> & Partial<LiveEvent>): void {
    const { name = '', namespace } = object.metadata;
    if (namespace !== this.context.namespace) return;
    if (type === 'deleted') return this.#dropApplication(name);
    let slot = this.#slots.get(name);
    if (!slot) {
      slot = {
        state: newAppState(name, object),
        queue: new SerialQueue(),
        refreshPending: false,
        evaluationPending: false,
        historyRead: false,
        told: '',
      };
      this.#slots.set(name, slot);
    }
    const { state } = slot;
    state.object = object;
    const hash = specHashOf(object);
    const asked = object.metadata.annotations?.[REFRESH_ANNOTATION] !== undefined;
    if (hash !== state.specHash || asked) {
      state.specHash = hash;
      state.retryTimer?.abort();
      delete state.retryAt;
      this.requestRefresh(name);
    }
    if (asked) this.#withdraw(object, { metadata: { annotations: { [REFRESH_ANNOTATION]: null } } });
    if (object.operation !== undefined) this.#takeOperation(object);
  }

  /** `operation` on an Application asks for a sync, as `argocd` and `kubectl patch` do it. */
  #takeOperation(object: KubeObject): void {
    const name = object.metadata.name ?? '';
    const operation = object.operation as {
      sync?: { revision?: string; prune?: boolean; dryRun?: boolean };
      initiatedBy?: { username?: string };
    };
    this.#withdraw(object, { operation: null });
    this.operationRequested?.(name, {
      actor: operation.initiatedBy?.username ?? 'kubectl',
      ...(operation.sync?.revision ? { revision: operation.sync.revision } : {}),
      prune: operation.sync?.prune ?? false,
      dryRun: operation.sync?.dryRun ?? false,
    });
  }

  /** Set by the door: what to do when an Application's `operation` field was set. */
  operationRequested:
    | ((name: string, request: { actor: string; revision?: string; prune: boolean; dryRun: boolean }) => void)
    | undefined;

  #withdraw(object: KubeObject, patch: object): void {
    const { apiVersion, kind, metadata } = object;
    this.context.client
      .patch({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name ?? '' }, patch, {
        type: 'merge',
        fieldManager: 'daruma-status',
      })
      .catch(error => {
        if (!isApiError(error, 404))
          this.context.logger.warn('a request on an application could not be withdrawn', { error: messageOf(error) });
      });
  }

  #dropApplication(name: string): void {
    const slot = this.#slots.get(name);
    if (!slot) return;
    this.#slots.delete(name);
    slot.state.abort?.abort(new DarumaError('INTERRUPTED', `the application ${name} was deleted`));
    slot.state.retryTimer?.abort();
    this.context.keys.delete(name);
    this.context.sources.forget(name);
    this.#statuses.forget(name);
    const repository = this.#options.resolveRepository(slot.state.application?.source.repoURL ?? '');
    if (repository !== undefined) this.#history.forget(repository);
    this.#wake();
  }

  #takeProject({ object }: LiveEvent): void {
    for (const { state } of this.#slots.values()) {
      const project = (state.object.spec as { project?: string } | undefined)?.project || 'default';
      if (project === object.metadata.name) this.requestRefresh(state.name);
    }
  }

  #project(name: string) {
    const object = this.context.live.get({ ...APP_PROJECT, metadata: { namespace: this.context.namespace, name } });
    if (object) return readAppProject(object);
    if (name === 'default') return { project: openProject(name), conditions: [] };
    return {
      conditions: [{ type: 'InvalidSpecError', message: `application references project ${name} which does not exist` }],
    };
  }

  async #ensureRoot(): Promise<void> {
    const { root, client, namespace } = this.#options;
    if (!root || this.#slots.has(root.name)) return;
    const object: KubeObject = {
      ...APPLICATION,
      metadata: { name: root.name, namespace },
      spec: {
        project: 'default',
        source: { repoURL: root.repoURL, path: root.path, targetRevision: root.targetRevision },
        destination: { server: 'https://kubernetes.default.svc', namespace },
        syncPolicy: { automated: { prune: true, selfHeal: true } },
      },
    };
    const created = await client.apply(object, { force: true });
    this.context.live.note(created);
    this.#takeApplication({ type: 'added', object: created });
  }

  async #publish(state: AppState): Promise<void> {
    const slot = this.#slots.get(state.name);
    if (slot?.state !== state || this.#stop.signal.aborted) return;
    const told = JSON.stringify([
      state.sync,
      state.health,
      state.operation?.phase,
      state.operation?.id,
      state.deployed?.revision,
      state.target?.revision,
    ]);
    const urgent = told !== slot.told;
    if (urgent) {
      slot.told = told;
      const message = messageFor(state);
      this.context.events.record('gitops.status', {
        application: state.name,
        sync: state.sync,
        health: state.health,
        revision: state.deployed?.revision ?? '',
        ...(message ? { message } : {}),
      });
    }
    this.#wake();
    const written = this.#statuses.write(state, { urgent });
    // Only who must know waits for it.
    if (state.operation?.phase === 'Running') await written;
  }

  #wake(): void {
    for (const waiter of [...this.#settled]) waiter();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new DarumaError('INTERRUPTED', 'the GitOps engine is stopping'));
    while (this.#work.size > 0) await Promise.all(this.#work);
    await this.#pushes.idle();
    await this.#statuses.idle();
    await this.context.sources.idle();
    this.#wake();
  }
}

/** What of an Application object decides how it is treated. */
function specHashOf({ spec, metadata }: KubeObject): string {
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([name]) => name.startsWith('daruma.dev/'));
  const decisive = [spec, annotations.sort(), metadata.finalizers, metadata.deletionTimestamp, metadata.uid];
  return createHash('sha256').update(JSON.stringify(decisive)).digest('base64url');
}
