// Drift: a watch event on an object of ours is compared with what was applied, in the moment it arrives, and healed or reported.
import { DarumaError, messageOf } from '../../core/index.ts';
import { isApiError, type KubeObject, refOf } from '../../kube/index.ts';
import { FIELD_MANAGER, removalPatch } from '../diff/index.ts';
import { ownerOf } from '../model/index.ts';
import type { AppState } from './app-state.ts';
import type { EngineContext } from './context.ts';
import type { DesiredItem } from './desired-set.ts';
import { toApply } from './evaluator.ts';
import type { LiveEvent } from './live-state.ts';

export interface DriftActions {
  state(application: string): AppState | undefined;
  /** True while a sync of the application runs: it compares everything when it ends. */
  isBusy(application: string): boolean;
  /** Puts work into the application's queue. */
  enqueue(application: string, work: () => Promise<void>): void;
  /** Compares the application again, soon and once. */
  requestEvaluation(application: string): void;
}

export class DriftWatch {
  readonly #context: EngineContext;
  readonly #actions: DriftActions;

  constructor(context: EngineContext, actions: DriftActions) {
    this.#context = context;
    this.#actions = actions;
  }

  handle(event: LiveEvent): void {
    const { keys, live, evaluator, held } = this.#context;
    const name = keys.applicationOf(event.key) ?? ownerOf(event.object);
    const state = name === undefined ? undefined : this.#actions.state(name);
    if (!state?.application || state.object.metadata.deletionTimestamp || this.#actions.isBusy(state.name)) return;
    const item = state.deployed?.items.get(event.key);
    if (!item) {
      // Our mark on something that Git does not want, or nothing deployed yet.
      if (event.type !== 'modified' && !state.target?.items.has(event.key)) this.#context.requestRefresh(state.name);
      else this.#actions.requestEvaluation(state.name);
      return;
    }
    if (item.hook) return;
    const verdict = evaluator.judge(state.application, item, live.get(item.object));
    if (verdict.state === 'equal') {
      const open = state.drifts.get(event.key);
      if (open) {
        state.drifts.delete(event.key);
        this.#context.drifts.healed(open, Math.round(this.#context.clock.now().getTime() - Date.parse(open.seenAt)));
      }
      this.#actions.requestEvaluation(state.name);
    } else if (live.get(item.object)?.metadata.deletionTimestamp) this.#actions.requestEvaluation(state.name);
    else if (state.application.automated?.selfHeal && !held())
      this.#actions.enqueue(state.name, () => this.#heal(state, item, event));
    else this.#actions.enqueue(state.name, () => this.#report(state, item, event));
  }

  /** For an application that is not to heal itself: found, told, and left. */
  async #report(state: AppState, item: DesiredItem, event: LiveEvent): Promise<void> {
    const { application } = state;
    if (!application || state.deployed?.items.get(item.key) !== item) return;
    const { live, evaluator, drifts } = this.#context;
    const verdict = await evaluator.confirm(application, item, live.get(item.object), this.#context.signal);
    const known = state.drifts.get(item.key);
    if (verdict.state !== 'equal' && JSON.stringify(known?.changes) !== JSON.stringify(verdict.changes)) {
      const found = drifts.found({
        application: state.name,
        kind: kindOf(verdict.state, verdict.foreign.length === verdict.changes.length),
        changes: verdict.changes,
        live: live.get(item.object) ?? event.object,
        resource: live.resourceOf(item.object),
      });
      state.drifts.set(item.key, found);
    }
    this.#actions.requestEvaluation(state.name);
  }

  /** Applies what was deployed, takes away what others added, and tells how long that took since the event. */
  async #heal(state: AppState, item: DesiredItem, event: LiveEvent): Promise<void> {
    const { application } = state;
    if (!application || state.deployed?.items.get(item.key) !== item) return;
    const { client, live, evaluator, drifts, events } = this.#context;
    const before = live.get(item.object);
    const verdict = evaluator.judge(application, item, before);
    if (verdict.state === 'equal' || before?.metadata.deletionTimestamp) return;
    const owner = before && ownerOf(before);
    if (owner && owner !== state.name && this.#context.exists(owner)) return this.#actions.requestEvaluation(state.name);
    const found = () =>
      drifts.found({
        application: state.name,
        kind: kindOf(verdict.state, verdict.foreign.length === verdict.changes.length),
        changes: verdict.changes,
        live: before ?? event.object,
        resource: live.resourceOf(item.object),
        ageMs: performance.now() - event.arrivedAt,
      });
    try {
      let after: KubeObject | undefined = before;
      if (verdict.needsApply)
        after = await client.apply(toApply(application, item, before), { fieldManager: FIELD_MANAGER, force: true });
      const isSpelling =
        before && after === undefined ? false : before?.metadata.resourceVersion === after?.metadata.resourceVersion;
      if (before && isSpelling && verdict.foreign.length === 0) {
        evaluator.rememberEqual(application, item, before);
        return;
      }
      if (after && verdict.foreign.length > 0)
        after = await client.patch(refOf(after), removalPatch(verdict.foreign), {
          type: 'json',
          fieldManager: FIELD_MANAGER,
        });
      if (after) live.note(after);
      const drift = found();
      drifts.healed(drift, Math.round(performance.now() - event.arrivedAt));
      state.drifts.delete(item.key);
      if (state.syncError?.type === 'SelfHealError') delete state.syncError;
    } catch (error) {
      this.#context.signal.throwIfAborted();
      if (isApiError(error, 409) || isApiError(error, 422)) {
        // It changed again meanwhile; its own event follows, and the whole is looked at once more.
        this.#context.logger.debug('a heal was overtaken', { application: state.name, key: item.key, error: messageOf(error) });
      } else {
        const message = `${item.object.kind}/${item.object.metadata.name} could not be healed: ${messageOf(error)}`;
        if (state.syncError?.message !== message) events.record('gitops.error', { application: state.name, message });
        state.syncError = { type: 'SelfHealError', message };
      }
      const delayMs = error instanceof DarumaError && error.code === 'KUBERNETES_UNREACHABLE' ? 1_000 : 200;
      this.#context.requestRefreshIn(state.name, delayMs);
    } finally {
      this.#actions.requestEvaluation(state.name);
    }
  }
}

function kindOf(state: string, isAllForeign: boolean): 'changed' | 'deleted' | 'extra' {
  if (state === 'missing') return 'deleted';
  return isAllForeign ? 'extra' : 'changed';
}
