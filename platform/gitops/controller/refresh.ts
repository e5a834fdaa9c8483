// The main line of one application: definition → revision → objects → comparison → perhaps a sync.
import { DarumaError, messageOf } from '../../core/index.ts';
import { type Application, type Condition, deletionOf, openProject, projectProblems, readApplication } from '../model/index.ts';
import { retryDelayMs } from '../sync/index.ts';
import { type AppState, lastDeployment, type Trigger } from './app-state.ts';
import { type Comparison, isInSync } from './compare-application.ts';
import type { EngineContext } from './context.ts';
import { deleteApplication } from './deletion.ts';
import { buildDesiredSet, type DesiredSet } from './desired-set.ts';
import { compare, evaluate } from './evaluate.ts';
import { runOperation } from './operation.ts';
import { type InterruptedOperation, interruptedOperation, readKinds } from './read-status.ts';

/** Runs in the application's queue. Idempotent: with nothing to do it makes no request. */
export async function refresh(state: AppState, context: EngineContext): Promise<void> {
  if (deletionOf(state.object)) return deleteApplication(state, context);
  // Others' finalizers may hold it for a while: what it deployed must not come back.
  if (state.object.metadata.deletionTimestamp) return;
  const { application, conditions } = readApplication(state.object);
  state.specConditions = conditions;
  if (application) state.application = application;
  if (!application) {
    // What was deployed stays, and stays watched; the definition must be mended first.
    state.sync = 'Unknown';
    delete state.target;
    await context.publish(state);
    return;
  }
  await readTarget(state, application, context);
  await readDeployed(state, application, context);
  context.keys.set(state.name, [...(state.target?.items.keys() ?? []), ...(state.deployed?.items.keys() ?? [])]);
  await context.live.ensure([...wantedKinds(state), ...readKinds(state.object)]);
  const comparison = compare(state, context);
  const interrupted = context.held() || state.resumeTried ? undefined : interruptedOperation(state);
  if (!context.held()) state.resumeTried = true;
  if (interrupted && (await resume(state, application, interrupted, context))) return;
  const trigger = comparison && automaticTrigger(state, application, comparison, context);
  if (trigger && state.target) return attempt(state, application, { set: state.target, trigger }, context);
  await countBehind(state, application, context);
  await evaluate(state, context, comparison);
}

/** Resolves and renders what Git wants; a failure becomes a condition, and what was deployed stays as it is. */
async function readTarget(state: AppState, application: Application, context: EngineContext): Promise<void> {
  const { sources } = context;
  try {
    sources.watch(application, state.target?.paths);
    const { project, conditions } = context.project(application.project);
    if (!project) throw new InvalidApplication(conditions);
    const problems = projectProblems(project, application);
    if (problems.length > 0) throw new InvalidApplication(problems);
    state.targetRevision = await sources.resolve(application.source);
    state.target = await desiredAt(state, application, state.targetRevision, context);
    sources.watch(application, state.target.paths);
    const refused = state.target.conditions.filter(({ type }) => type === 'InvalidSpecError');
    if (refused.length > 0) throw new InvalidApplication(refused);
    delete state.comparisonError;
  } catch (error) {
    context.signal.throwIfAborted();
    delete state.target;
    if (error instanceof InvalidApplication) {
      state.specConditions = error.conditions;
      delete state.comparisonError;
      return;
    }
    const message = messageOf(error);
    if (state.comparisonError?.message !== message)
      context.events.record('gitops.error', { application: state.name, message: errorText(error) });
    state.comparisonError = { type: 'ComparisonError', message: errorText(error) };
  }
}

/** The application's objects at any revision, in the form in which they are applied. */
export async function desiredAt(
  state: AppState,
  application: Application,
  revision: string,
  context: EngineContext,
  local?: Map<string, Uint8Array>,
): Promise<DesiredSet> {
  const rendered = await context.sources.render(application.source, revision, local);
  const { project = openProject(application.project) } = context.project(application.project);
  return buildDesiredSet({ application, specHash: state.specHash, project, revision, rendered, client: context.client });
}

/** After a restart: what was deployed last is the measure of drift, also while Git is broken or ahead. */
async function readDeployed(state: AppState, application: Application, context: EngineContext): Promise<void> {
  const last = lastDeployment(state);
  if (state.deployed || !last) return;
  if (state.target?.revision === last.revision) {
    state.deployed = state.target;
    return;
  }
  try {
    const source = { ...application.source, path: last.source.path };
    state.deployed = await desiredAt(state, { ...application, source }, last.revision, context);
  } catch (error) {
    context.signal.throwIfAborted();
    context.logger.warn('the deployed revision could not be rendered', { application: state.name, error: messageOf(error) });
  }
}

async function countBehind(state: AppState, application: Application, { sources, logger, signal }: EngineContext): Promise<void> {
  const from = state.deployed?.revision ?? lastDeployment(state)?.revision;
  if (!from || !state.target || from === state.target.revision) {
    state.behind = 0;
    return;
  }
  try {
    state.behind = (await sources.commitsBetween(application, from, state.target.revision, state.target.paths)).length;
  } catch (error) {
    signal.throwIfAborted();
    // A rewritten branch no longer holds the deployed commit.
    logger.debug('commits could not be counted', { application: state.name, error: messageOf(error) });
    state.behind = 0;
  }
}

/** An operation that was under way when the engine was killed is begun again, under its own name: hooks that succeeded are not repeated. */
async function resume(
  state: AppState,
  application: Application,
  interrupted: InterruptedOperation,
  context: EngineContext,
): Promise<boolean> {
  // What is automatic goes on with the newest commit.
  const isAutomatic = interrupted.trigger === 'automatic' || interrupted.trigger === 'self-heal';
  if (isAutomatic && (!state.target || !application.automated)) return false;
  context.logger.info('an interrupted sync is resumed', { application: state.name, revision: interrupted.revision });
  const set = isAutomatic && state.target ? state.target : await desiredAt(state, application, interrupted.revision, context);
  const { id, trigger, actor, prune, resources } = interrupted;
  await runOperation(state, { set, trigger, actor, prune, id, ...(resources ? { resources } : {}) }, context);
  return true;
}

/** Why an automatic sync is due; undefined when none is. Decides without a request. */
export function automaticTrigger(
  state: AppState,
  application: Application,
  comparison: Comparison,
  context: Pick<EngineContext, 'held' | 'clock'>,
): Trigger | undefined {
  const { automated } = application;
  const { target, attempt } = state;
  if (!automated || !target || context.held() || isInSync(comparison, application)) return undefined;
  const onlyExtra = comparison.items.every(({ item, verdict }) => item.hook || verdict.state === 'equal');
  if (onlyExtra && !automated.prune) return undefined;
  if (target.items.size === 0 && !automated.allowEmpty && comparison.extra.length > 0) return undefined;
  const deployed = lastDeployment(state);
  const tried = attempt?.revision === target.revision && attempt.specHash === target.specHash ? attempt : undefined;
  if (tried && !tried.succeeded)
    return state.retryAt !== undefined && state.retryAt > context.clock.now().getTime()
      ? undefined
      : retryTrigger(state, application);
  if (tried?.succeeded || (!attempt && deployed?.revision === target.revision))
    return automated.selfHeal ? 'self-heal' : undefined;
  return 'automatic';
}

function retryTrigger(state: AppState, application: Application): Trigger | undefined {
  return retryDelayMs(application.retry, state.attempt?.count ?? 1) === undefined ? undefined : 'automatic';
}

async function attempt(
  state: AppState,
  application: Application,
  { set, trigger }: { set: DesiredSet; trigger: Trigger },
  context: EngineContext,
): Promise<void> {
  state.retryTimer?.abort();
  delete state.retryAt;
  const result = await runOperation(
    state,
    { set, trigger, actor: 'daruma', prune: application.automated?.prune ?? false },
    context,
  );
  if (result.phase === 'Succeeded') return;
  const delayMs = retryDelayMs(application.retry, state.attempt?.count ?? 1);
  if (delayMs === undefined) return;
  scheduleRetry(state, delayMs, context);
  await context.publish(state);
}

function scheduleRetry(state: AppState, delayMs: number, context: EngineContext): void {
  const timer = new AbortController();
  state.retryTimer = timer;
  state.retryAt = context.clock.now().getTime() + delayMs;
  context.clock.sleep(delayMs, { signal: AbortSignal.any([timer.signal, context.signal]) }).then(
    () => {
      delete state.retryAt;
      context.requestRefresh(state.name);
    },
    () => {
      // A newer commit or the end of the engine overtook the retry.
    },
  );
}

function wantedKinds(state: AppState) {
  return [...(state.target?.items.values() ?? []), ...(state.deployed?.items.values() ?? [])].map(({ object }) => object);
}

function errorText(error: unknown): string {
  const hint = error instanceof DarumaError ? error.hint : undefined;
  return hint ? `${messageOf(error)} (${hint})` : messageOf(error);
}

class InvalidApplication extends Error {
  readonly conditions: Condition[];

  constructor(conditions: Condition[]) {
    super(conditions.map(({ message }) => message).join('; '));
    this.conditions = conditions;
  }
}
