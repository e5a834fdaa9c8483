// Nodes without processes: bound pods become Running and Ready, pods of a Job Succeeded, deleted pods vanish at once.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import type { PodConnector } from '../pod-connector.ts';

export interface SimulatedNodesOptions {
  client: KubeClient;
  /** One Node object each: 32 cpu, 256Gi, no taint. */
  names: string[];
  clock: Clock;
  logger: Logger;
}

export interface SimulatedNodes extends AsyncDisposable {
  /** Answers logs, exec and port-forward of simulated pods with fixed texts. */
  connector: PodConnector;
}

/** Resolves when the nodes exist and are Ready. Disposing stops the simulation and leaves the objects. */
export async function startSimulatedNodes(_options: SimulatedNodesOptions): Promise<SimulatedNodes> {
  throw new Error('not yet');
}
