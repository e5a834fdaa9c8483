// An Application's status in Argo CD's form, so that kubectl's columns and whoever reads these objects find what they know.
import type { KubeObject } from '../../kube/index.ts';
import type { AppState } from './app-state.ts';
import { conditionsOf } from './app-state.ts';
import { imagesIn } from './operation.ts';

/** A merge patch for `status`; lists are whole. `live` are the application's objects. */
export function applicationStatus(state: AppState, live: KubeObject[], now: string): Record<string, unknown> {
  const { application, operation, object } = state;
  const before = (object.status ?? {}) as Record<string, unknown>;
  const source = application?.source;
  const argoSource = source && { repoURL: source.repoURL, path: source.path, targetRevision: source.targetRevision };
  const conditions = conditionsOf(state);
  const known = (before.conditions ?? []) as { type: string; message: string; lastTransitionTime?: string }[];
  return {
    sync: {
      status: state.sync,
      revision: state.target?.revision ?? state.targetRevision,
      ...(application
        ? {
            comparedTo: {
              source: argoSource,
              destination: { server: application.destination.server, namespace: application.destination.namespace },
            },
          }
        : {}),
    },
    health: { status: state.health, lastTransitionTime: transitionTime(before.health, state.health, now) },
    resources: state.resources.map(resource => ({
      group: resource.group,
      version: resource.version,
      kind: resource.kind,
      ...(resource.namespace ? { namespace: resource.namespace } : {}),
      name: resource.name,
      status: resource.sync ?? 'Unknown',
      ...(resource.health
        ? { health: { status: resource.health, ...(resource.message ? { message: resource.message } : {}) } }
        : {}),
      ...(resource.requiresPruning ? { requiresPruning: true } : {}),
      ...(resource.wave !== 0 ? { syncWave: resource.wave } : {}),
    })),
    conditions:
      conditions.length === 0
        ? null
        : conditions.map(({ type, message }) => ({
            type,
            message,
            lastTransitionTime: known.find(one => one.type === type && one.message === message)?.lastTransitionTime ?? now,
          })),
    history: state.history.slice(-(application?.historyLimit ?? 10)).map(record => ({
      id: record.id,
      revision: record.revision,
      deployedAt: record.deployedAt,
      initiatedBy: record.trigger === 'automatic' ? { automated: true } : { username: record.actor },
      source: record.source,
    })),
    summary: { images: imagesIn(live) },
    ...(state.reconciledAt ? { reconciledAt: state.reconciledAt } : {}),
    ...(operation ? { operationState: operationState(state) } : {}),
  };
}

function operationState({ operation, target }: AppState): Record<string, unknown> | undefined {
  if (!operation) return undefined;
  const { phase, message, startedAt, finishedAt, revision, request, trigger, actor, resources, objects } = operation;
  return {
    operation: {
      sync: {
        revision,
        prune: request.prune,
        ...(request.resources ? { resources: request.resources.map(resource => resourceFilter(resource)) } : {}),
      },
      initiatedBy: trigger === 'automatic' || trigger === 'self-heal' ? { automated: true } : { username: actor },
      info: [
        { name: 'daruma.dev/trigger', value: trigger },
        { name: 'daruma.dev/operation', value: operation.id },
      ],
    },
    phase,
    message,
    startedAt,
    finishedAt: finishedAt ?? null,
    syncResult: {
      revision: target?.revision ?? revision,
      resources: resources.map((outcome, index) => {
        const { apiVersion = '', kind = '', metadata } = objects[index] ?? {};
        const slash = apiVersion.indexOf('/');
        return {
          group: slash < 0 ? '' : apiVersion.slice(0, slash),
          version: apiVersion.slice(slash + 1),
          kind,
          namespace: metadata?.namespace ?? '',
          name: metadata?.name ?? '',
          status:
            outcome.action === 'failed'
              ? 'SyncFailed'
              : outcome.action === 'pruned'
                ? 'Pruned'
                : outcome.action === 'skipped'
                  ? 'PruneSkipped'
                  : 'Synced',
          message: outcome.message ?? outcome.action,
        };
      }),
    },
  };
}

/** `Kind.group/name` → Argo CD's {group, kind, name}. */
function resourceFilter(text: string): { group: string; kind: string; name: string } {
  const [type = '', name = ''] = text.split('/');
  const dot = type.indexOf('.');
  return { group: dot < 0 ? '' : type.slice(dot + 1), kind: dot < 0 ? type : type.slice(0, dot), name };
}

function transitionTime(health: unknown, status: string, now: string): string {
  const before = (health ?? {}) as { status?: string; lastTransitionTime?: string };
  return before.status === status && before.lastTransitionTime ? before.lastTransitionTime : now;
}
