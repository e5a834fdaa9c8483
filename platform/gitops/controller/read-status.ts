// What an Application's own status tells a starting engine: kinds that may hold objects which left Git meanwhile, and a sync cut short.
import type { KubeObject, ResourceKind } from '../../kube/index.ts';
import type { AppState, Trigger } from './app-state.ts';

export function readKinds({ status }: KubeObject): ResourceKind[] {
  const { resources = [] } = (status ?? {}) as { resources?: { group?: string; version?: string; kind?: string }[] };
  return resources.flatMap(({ group, version, kind }) =>
    version && kind ? [{ apiVersion: group ? `${group}/${version}` : version, kind }] : [],
  );
}

export interface InterruptedOperation {
  id: string;
  trigger: Trigger;
  revision: string;
  actor: string;
  prune: boolean;
  resources?: string[];
}

interface OperationStatus {
  phase?: string;
  operation?: {
    sync?: { revision?: string; prune?: boolean; resources?: { group?: string; kind: string; name: string }[] };
    initiatedBy?: { username?: string };
    info?: { name: string; value: string }[];
  };
}

/** Undefined when none was cut short, or this engine has run one since. */
export function interruptedOperation({ object, operation }: AppState): InterruptedOperation | undefined {
  const { operationState } = (object.status ?? {}) as { operationState?: OperationStatus };
  const { sync, initiatedBy, info = [] } = operationState?.operation ?? {};
  if (operation || operationState?.phase !== 'Running' || !sync?.revision) return undefined;
  const noted = (name: string) => info.find(entry => entry.name === `daruma.dev/${name}`)?.value;
  const resources = sync.resources?.map(({ group, kind, name }) => `${kind}${group ? `.${group}` : ''}/${name}`);
  return {
    id: noted('operation') ?? '',
    trigger: (noted('trigger') ?? 'automatic') as Trigger,
    revision: sync.revision,
    actor: initiatedBy?.username ?? 'daruma',
    prune: sync.prune ?? false,
    ...(resources ? { resources } : {}),
  };
}
