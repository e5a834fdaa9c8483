// What the API, the CLI and the terminal UI are told of an application, from what is known now.
import type { ApplicationView, ResourceView } from '../../core/index.ts';
import type { KubeObject } from '../../kube/index.ts';
import { healthOf } from '../health/index.ts';
import { groupOf, resourceLabel, versionOf } from '../model/index.ts';
import { type AppState, conditionsOf, lastDeployment, type ResourceState } from './app-state.ts';
import type { LiveState } from './live-state.ts';
import { imagesIn } from './operation.ts';

interface ViewOptions {
  live: LiveState;
  /** Where Applications live. */
  namespace: string;
  targetRevision: string;
}

export function applicationView(state: AppState, { live, namespace, targetRevision }: ViewOptions): ApplicationView {
  const { application, operation } = state;
  const spec = (state.object.spec ?? {}) as {
    source?: { repoURL?: string; path?: string; targetRevision?: string };
    destination?: { namespace?: string };
  };
  const environment = application?.destination.namespace ?? spec.destination?.namespace ?? '';
  const owned = live.ownedBy(state.name);
  const deployed = lastDeployment(state);
  return {
    name: state.name,
    environment: environment === namespace ? '' : environment,
    sync: state.sync,
    health: state.health,
    message: messageFor(state),
    revision: deployed ? (state.deployed?.revision ?? deployed.revision) : '',
    targetRevision,
    behind: state.behind,
    images: imagesIn(owned),
    replicas: countReplicas(owned),
    drift: [...state.drifts.values()].map(drift => ({ ...drift })),
    automated: application?.automated !== undefined,
    ...(application?.guard ? { guard: { ...application.guard } } : {}),
    ...(operation
      ? {
          operation: {
            phase: operation.phase,
            message: operation.message,
            startedAt: operation.startedAt,
            ...(operation.finishedAt ? { finishedAt: operation.finishedAt } : {}),
            resources: operation.resources.map(outcome => ({ ...outcome })),
          },
        }
      : {}),
    conditions: conditionsOf(state).map(condition => ({ ...condition })),
    ...(deployed ? { syncedAt: deployed.deployedAt } : {}),
    source: {
      repoURL: application?.source.repoURL ?? spec.source?.repoURL ?? '',
      path: application?.source.path ?? spec.source?.path ?? '',
      targetRevision: application?.source.targetRevision ?? spec.source?.targetRevision ?? 'HEAD',
    },
  };
}

/** What it waits for, or why it is not as it should be; empty when it is. */
export function messageFor(state: AppState): string {
  const { operation, retryAt, resources, behind } = state;
  if (operation?.phase === 'Running') return operation.message;
  const [condition] = conditionsOf(state);
  if (condition)
    return retryAt === undefined
      ? condition.message
      : `${condition.message}; retried at ${new Date(retryAt).toISOString().slice(11, 19)}`;
  if (state.sync === 'OutOfSync') {
    const differing = resources.filter(resource => resource.action !== 'none').length;
    const commits = behind > 0 ? `, ${behind} commit${behind === 1 ? '' : 's'} behind` : '';
    return `${differing} object${differing === 1 ? '' : 's'} differ${differing === 1 ? 's' : ''} from Git${commits}`;
  }
  const unwell = resources.find(({ health, message }) => message && health !== undefined && health !== 'Healthy');
  return unwell ? `${unwell.kind}/${unwell.name}: ${unwell.message}` : '';
}

/** The objects of an application with what they own, as a tree. */
export function resourceTree(state: AppState, live: LiveState): ResourceView[] {
  const objects = new Map(
    live
      .ownedBy(state.name)
      .map(object => [`${groupOf(object.apiVersion)}/${resourceLabel(object)}/${object.metadata.namespace ?? ''}`, object]),
  );
  return state.resources.map(resource => {
    const label = resource.group ? `${resource.kind}.${resource.group}/${resource.name}` : `${resource.kind}/${resource.name}`;
    const object = objects.get(`${resource.group}/${label}/${resource.namespace ?? ''}`);
    return { ...described(resource), children: object ? childrenOf(object, live, new Set()) : [] };
  });
}

function described({
  group,
  version,
  kind,
  namespace,
  name,
  sync,
  health,
  message,
}: ResourceState): Omit<ResourceView, 'children'> {
  return {
    group,
    version,
    kind,
    ...(namespace ? { namespace } : {}),
    name,
    ...(sync ? { sync } : {}),
    ...(health ? { health } : {}),
    ...(message ? { message } : {}),
  };
}

function childrenOf({ metadata }: KubeObject, live: LiveState, seen: Set<string>): ResourceView[] {
  const { uid = '' } = metadata;
  if (seen.has(uid)) return [];
  seen.add(uid);
  return live
    .childrenOf(uid)
    .map(child => {
      const health = healthOf(child);
      return {
        group: groupOf(child.apiVersion),
        version: versionOf(child.apiVersion),
        kind: child.kind,
        ...(child.metadata.namespace ? { namespace: child.metadata.namespace } : {}),
        name: child.metadata.name ?? '',
        ...(health ? { health: health.status, ...(health.message ? { message: health.message } : {}) } : {}),
        children: childrenOf(child, live, seen),
      };
    })
    .sort((a, b) => (a.kind + a.name < b.kind + b.name ? -1 : 1));
}

function countReplicas(objects: KubeObject[]): { ready: number; wanted: number } {
  const count = { ready: 0, wanted: 0 };
  for (const { kind, apiVersion, spec, status } of objects) {
    if (apiVersion !== 'apps/v1' || !['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'].includes(kind)) continue;
    const { replicas = 1 } = (spec ?? {}) as { replicas?: number };
    const { readyReplicas = 0, desiredNumberScheduled, numberReady = 0 } = (status ?? {}) as Record<string, number | undefined>;
    count.wanted += kind === 'DaemonSet' ? (desiredNumberScheduled ?? 0) : replicas;
    count.ready += kind === 'DaemonSet' ? numberReady : readyReplicas;
  }
  return count;
}
