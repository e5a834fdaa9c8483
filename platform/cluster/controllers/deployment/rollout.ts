// What one run of the Deployment controller works on. Steps replace its members by what the API answered.
import type { ControllerHost, ObjectCache } from '../../controller-runtime/index.ts';
import type { ReplicaSet } from '../replicaset/replica-set.ts';
import type { Deployment } from './deployment.ts';

export interface Rollout {
  host: ControllerHost;
  deployments: ObjectCache<Deployment>;
  replicaSets: ObjectCache<ReplicaSet>;
  deployment: Deployment;
  /** All sets that the Deployment controls. */
  sets: ReplicaSet[];
  newSet?: ReplicaSet;
  oldSets: ReplicaSet[];
}
