// Compares a whole application: each wanted object with the live one, and what lives but is no longer wanted.
import type { FieldChange } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { healthOf, isHealthIgnored } from '../health/index.ts';
import { type Application, groupOf, keyOf, ownerOf, resourceLabel, syncOptionsOf, versionOf } from '../model/index.ts';
import { isHook, waveOf } from '../sync/index.ts';
import type { ResourceState } from './app-state.ts';
import type { DesiredItem, DesiredSet } from './desired-set.ts';
import type { Evaluator, Verdict } from './evaluator.ts';
import type { LiveState } from './live-state.ts';

export interface ComparedItem {
  item: DesiredItem;
  live?: KubeObject;
  verdict: Verdict;
  /** The other application that has the object. */
  claimedBy?: string;
}

export interface Comparison {
  items: ComparedItem[];
  /** Live objects that bear our mark and are not wanted. */
  extra: KubeObject[];
}

interface CompareOptions {
  application: Application;
  set: DesiredSet;
  live: LiveState;
  evaluator: Evaluator;
  /** True when an application of this name exists. */
  exists(application: string): boolean;
}

/** Without a request. */
export function compareApplication({ application, set, live, evaluator, exists }: CompareOptions): Comparison {
  const items = [...set.items.values()].map((item): ComparedItem => {
    const found = live.get(item.object);
    const owner = found && ownerOf(found);
    return {
      item,
      ...(found ? { live: found } : {}),
      verdict: item.hook
        ? { state: 'equal', needsApply: false, changes: [], foreign: [] }
        : evaluator.judge(application, item, found),
      ...(owner && owner !== application.name && exists(owner) ? { claimedBy: owner } : {}),
    };
  });
  const extra = live
    .ownedBy(application.name)
    .filter(object => !set.items.has(keyOf(object)) && !isHook(object) && (object.metadata.ownerReferences ?? []).length === 0);
  return { items, extra };
}

/** Where a dry run must decide, asks for it. */
export async function confirmComparison(
  comparison: Comparison,
  { application, evaluator, signal }: { application: Application; evaluator: Evaluator; signal?: AbortSignal },
): Promise<void> {
  await Promise.all(
    comparison.items.map(async compared => {
      if (compared.verdict.state !== 'maybe') return;
      compared.verdict = await evaluator.confirm(application, compared.item, compared.live, signal);
    }),
  );
}

export function isInSync({ items, extra }: Comparison, application: Application): boolean {
  return (
    items.every(({ verdict, item }) => item.hook || verdict.state === 'equal') &&
    extra.every(object => !counts(object, application))
  );
}

export function resourceStates({ items, extra }: Comparison, application: Application): ResourceState[] {
  const wanted = items
    .filter(({ item }) => !item.hook)
    .map(({ item, live, verdict }) => {
      const action = verdict.state === 'missing' ? 'create' : verdict.state === 'equal' ? 'none' : 'update';
      return describe(item.object, live, { action, changes: verdict.changes });
    });
  const pruned = extra.map(object => {
    const state = describe(object, object, { action: 'prune', changes: [] });
    return counts(object, application) ? state : { ...state, sync: 'Synced' as const };
  });
  return [...wanted, ...pruned];
}

/** An extra object that is told not to matter does not make its application out of sync. */
function counts(object: KubeObject, _application: Application): boolean {
  return object.metadata.annotations?.['argocd.argoproj.io/compare-options']?.includes('IgnoreExtraneous') !== true;
}

function describe(
  object: KubeObject,
  live: KubeObject | undefined,
  { action, changes }: { action: ResourceState['action']; changes: FieldChange[] },
): ResourceState {
  const health = live ? healthOf(live) : { status: 'Missing' as const };
  const { namespace, name = '' } = object.metadata;
  return {
    key: keyOf(object),
    group: groupOf(object.apiVersion),
    version: versionOf(object.apiVersion),
    kind: object.kind,
    ...(namespace ? { namespace } : {}),
    name,
    sync: action === 'none' ? 'Synced' : 'OutOfSync',
    ...(health ? { health: health.status } : {}),
    ...(health && 'message' in health && health.message ? { message: health.message } : {}),
    action,
    changes,
    requiresPruning: action === 'prune',
    hook: false,
    wave: waveOf(object),
    healthIgnored: isHealthIgnored(object),
  };
}

/** Why an object may not be touched; undefined when it may. */
export function refusalOf({ item, claimedBy }: ComparedItem, application: Application): string | undefined {
  if (!claimedBy) return undefined;
  return `${resourceLabel(item.object)} is part of the applications ${application.name} and ${claimedBy}`;
}

/** What keeps an extra object from being pruned; undefined when nothing does. */
export function pruneObstacle(object: KubeObject, application: Application, asked: boolean): string | undefined {
  const { prune } = syncOptionsOf(object, application.syncOptions);
  if (prune === false) return 'ignored (no prune)';
  if (!asked) return 'ignored (requires pruning)';
  return undefined;
}
