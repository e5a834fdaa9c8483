// Runs one sync operation of an application: from the plan to the record of the deployment.
import { DarumaError, messageOf, type ResourceOutcome } from '../../core/index.ts';
import { isApiError, type KubeObject } from '../../kube/index.ts';
import type { GitopsSyncResult, Role } from '../contract.ts';
import { recordDeployment } from '../history/index.ts';
import { keyOf, labelMatches, syncOptionsOf } from '../model/index.ts';
import { type PruneTask, runSync, type SyncTask } from '../sync/index.ts';
import type { AppState, Operation, Trigger } from './app-state.ts';
import { type ComparedItem, compareApplication, pruneObstacle, refusalOf } from './compare-application.ts';
import type { EngineContext } from './context.ts';
import type { DesiredSet } from './desired-set.ts';
import { evaluate } from './evaluate.ts';
import { toApply } from './evaluator.ts';

export interface OperationRequest {
  set: DesiredSet;
  trigger: Trigger;
  actor: string;
  role?: Role;
  prune: boolean;
  dryRun?: boolean;
  resources?: string[];
  /** Of an operation that was interrupted. */
  id?: string;
  signal?: AbortSignal;
}

/** Runs in the application's queue. A failure is a result; it throws only when the engine stops or `signal` aborts. */
export async function runOperation(
  state: AppState,
  request: OperationRequest,
  context: EngineContext,
): Promise<GitopsSyncResult> {
  const { application } = state;
  if (!application) throw new DarumaError('CONFLICT', `${state.name} has no valid definition`);
  const { set, trigger, actor, dryRun = false, resources } = request;
  const began = performance.now();
  const abort = new AbortController();
  const operation: Operation = {
    id: request.id ?? `${context.clock.now().toISOString()}-${set.revision.slice(0, 7)}`,
    trigger,
    revision: set.revision,
    actor,
    phase: 'Running',
    message: 'starting',
    startedAt: context.clock.now().toISOString(),
    resources: [],
    objects: [],
    request: {
      prune: request.prune,
      dryRun,
      ...(resources ? { resources } : {}),
      ...(request.role ? { role: request.role } : {}),
    },
  };
  if (!dryRun) {
    state.operation = operation;
    state.abort = abort;
    context.events.record('gitops.sync.started', { application: state.name, revision: set.revision, trigger }, { actor });
    const told = context.publish(state);
    // What a person asked for is on record before it is begun, so that a kill cannot lose it; an automatic sync begins anew by itself.
    if (trigger === 'manual' || trigger === 'rollback') await told;
  }
  const signal = AbortSignal.any([context.signal, abort.signal, ...(request.signal ? [request.signal] : [])]);
  const outcome = await execute(state, operation, request, { ...context, signal }).catch(error => {
    context.signal.throwIfAborted();
    return { succeeded: false, message: messageOf(error) };
  });
  context.signal.throwIfAborted();
  operation.phase = outcome.succeeded ? 'Succeeded' : 'Failed';
  operation.message = outcome.message;
  operation.finishedAt = context.clock.now().toISOString();
  delete state.abort;
  const ms = Math.round(performance.now() - began);
  if (!dryRun) await conclude(state, operation, request, ms, context);
  return {
    application: state.name,
    revision: set.revision,
    phase: operation.phase,
    message: operation.message,
    ms,
    resources: operation.resources,
  };
}

async function execute(state: AppState, operation: Operation, request: OperationRequest, context: EngineContext) {
  const { application } = state;
  const { set, dryRun = false } = request;
  if (!application) throw new DarumaError('CONFLICT', `${state.name} has no valid definition`);
  const { live, evaluator } = context;
  await live.ensure([...set.items.values()].map(item => item.object));
  if (!dryRun) await ensureNamespace(state, context);
  const comparison = compareApplication({ application, set, live, evaluator, exists: context.exists });
  const isAsked = (object: KubeObject) => !request.resources || request.resources.some(asked => labelMatches(asked, object));
  const verdicts = new Map<string, ComparedItem>(comparison.items.map(compared => [compared.item.key, compared]));
  const tasks = comparison.items
    .filter(({ item }) => (item.hook ? !item.hook.skip : isAsked(item.object)))
    .map((compared): SyncTask => {
      const { item, verdict } = compared;
      const refusal = refusalOf(compared, application);
      return {
        key: item.key,
        object: toApply(application, item, compared.live),
        ...(item.hook ? { hook: item.hook } : {}),
        options: syncOptionsOf(item.object, application.syncOptions),
        needsApply: verdict.needsApply,
        foreign: verdict.foreign,
        ...(refusal ? { refusal } : {}),
      };
    });
  const prunes = comparison.extra.filter(isAsked).map((object): PruneTask => {
    const skipped = pruneObstacle(object, application, request.prune);
    return { key: '', live: object, options: syncOptionsOf(object, application.syncOptions), ...(skipped ? { skipped } : {}) };
  });
  if (request.resources && tasks.every(task => task.hook) && prunes.length === 0)
    throw new DarumaError('NOT_FOUND', `${state.name} has no resource ${request.resources.join(', ')}`);
  const total = tasks.length;
  return runSync(
    { tasks, prunes },
    {
      client: context.client,
      live,
      clock: context.clock,
      signal: context.signal,
      dryRun,
      operationId: operation.id,
      limit: context.limit,
      report: (resourceOutcome: ResourceOutcome, object: KubeObject) => {
        operation.resources.push(resourceOutcome);
        operation.objects.push(object);
        operation.message = `applied ${operation.resources.length} of ${total}`;
        const compared = verdicts.get(keyOf(object));
        const now = compared && live.get(compared.item.object);
        if (!dryRun && resourceOutcome.action === 'unchanged' && compared?.verdict.state === 'maybe' && now)
          evaluator.rememberEqual(application, compared.item, now);
        if (request.trigger === 'self-heal') noteHeal(state, { outcome: resourceOutcome, object, compared }, operation, context);
        if (!dryRun && resourceOutcome.action !== 'unchanged')
          context.events.record('gitops.resource', { application: state.name, ...resourceOutcome }, { actor: request.actor });
      },
      progress: (message: string) => {
        operation.message = message;
        void context.publish(state);
      },
    },
  );
}

/** What a sync set right without a new commit was drift, though no single event told of it. */
function noteHeal(
  state: AppState,
  { outcome, object, compared }: { outcome: ResourceOutcome; object: KubeObject; compared: ComparedItem | undefined },
  operation: Operation,
  { drifts, live, clock }: EngineContext,
): void {
  if (!['created', 'configured', 'recreated', 'pruned'].includes(outcome.action)) return;
  const { verdict, live: before } = compared ?? {};
  const kind = outcome.action === 'created' ? 'deleted' : outcome.action === 'pruned' ? 'extra' : 'changed';
  const drift = drifts.found({
    application: state.name,
    kind,
    changes: verdict?.changes ?? [],
    live: before ?? object,
    resource: live.resourceOf(object),
  });
  drifts.healed(drift, clock.now().getTime() - Date.parse(operation.startedAt));
}

/** CreateNamespace: made once, never pruned, as in Argo CD; its metadata follows managedNamespaceMetadata. */
async function ensureNamespace(state: AppState, { client, live }: EngineContext): Promise<void> {
  const { application } = state;
  const name = application?.destination.namespace;
  if (!application?.syncOptions.createNamespace || !name) return;
  const metadata = application.managedNamespaceMetadata;
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } };
  await live.ensure([namespace]);
  const present = live.get(namespace);
  const holds = (wanted: Record<string, string> = {}, found: Record<string, string> = {}) =>
    Object.entries(wanted).every(([key, value]) => found[key] === value);
  if (present && holds(metadata?.labels, present.metadata.labels) && holds(metadata?.annotations, present.metadata.annotations))
    return;
  try {
    live.note(metadata ? await client.apply(namespace, { force: true }) : await client.create(namespace));
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error;
  }
}

async function conclude(
  state: AppState,
  operation: Operation,
  request: OperationRequest,
  ms: number,
  context: EngineContext,
): Promise<void> {
  const { set, actor } = request;
  const succeeded = operation.phase === 'Succeeded';
  const changes = operation.resources.filter(({ action }) => !['unchanged', 'skipped', 'failed'].includes(action)).length;
  const before = state.attempt;
  const isRepeated = before && !before.succeeded && before.revision === set.revision && before.specHash === set.specHash;
  state.attempt = { revision: set.revision, specHash: set.specHash, succeeded, count: isRepeated ? before.count + 1 : 1 };
  if (succeeded) {
    delete state.syncError;
    if (!request.resources) {
      state.deployed = set;
      for (const drift of state.drifts.values()) context.drifts.healed(drift, ms);
      state.drifts.clear();
    }
  } else state.syncError = { type: 'SyncError', message: `Failed last sync attempt to ${set.revision}: ${operation.message}` };
  context.keys.set(state.name, [...(state.target?.items.keys() ?? []), ...(state.deployed?.items.keys() ?? [])]);
  context.events.record(
    'gitops.sync.finished',
    {
      application: state.name,
      revision: set.revision,
      outcome: succeeded ? 'succeeded' : 'failed',
      ms,
      message: operation.message,
      changes,
    },
    { actor },
  );
  // The status tells of the deployment while Git still writes it; both are done before anybody is answered.
  await context.live.ensure([...set.items.values()].map(item => item.object));
  await Promise.all([succeeded ? record(state, operation, request, context) : undefined, evaluate(state, context)]);
}

async function record(state: AppState, operation: Operation, request: OperationRequest, context: EngineContext): Promise<void> {
  const { set, trigger, actor, resources } = request;
  const at = operation.finishedAt ?? operation.startedAt;
  try {
    await recordDeployment(
      { state, revision: set.revision, actor, trigger, partial: resources !== undefined, images: imagesOf(set), at },
      context,
    );
  } catch (error) {
    context.logger.error('a deployment could not be recorded', { application: state.name, error: messageOf(error) });
    const message = `the deployment of ${set.revision} could not be recorded: ${messageOf(error)}`;
    state.warnings.push({ type: 'HistoryWarning', message });
    await context.publish(state);
  }
}

function imagesOf(set: DesiredSet): string[] {
  return imagesIn([...set.items.values()].map(item => item.object));
}

/** The images of all containers in these objects, each once, sorted. */
export function imagesIn(objects: KubeObject[]): string[] {
  const images = new Set<string>();
  const walk = (value: unknown) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null)
      for (const [field, inner] of Object.entries(value)) {
        if ((field === 'containers' || field === 'initContainers') && Array.isArray(inner))
          for (const container of inner as { image?: unknown }[])
            if (typeof container.image === 'string') images.add(container.image);
        walk(inner);
      }
  };
  for (const object of objects) walk(object.spec);
  return [...images].sort();
}
