// What every pod of the node shares.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import type { ClusterNetwork } from '../network/index.ts';
import type { EventRecorder } from './event-recorder.ts';
import type { ImageStore } from './images/index.ts';
import type { ObjectReader } from './object-reader.ts';
import type { ContainerRuntime } from './runtime/index.ts';

export interface NodeServices {
  client: KubeClient;
  nodeName: string;
  dataDir: string;
  rootCa: string;
  network: ClusterNetwork;
  images: ImageStore;
  runtime: ContainerRuntime;
  objects: ObjectReader;
  events: EventRecorder;
  clock: Clock;
  logger: Logger;
  /** `NAME=value` in the environment of every process of this node. */
  marker: string;
  /** This node's own copy of the network's shim. */
  shimPath: string;
}
