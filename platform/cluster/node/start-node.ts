// The node's composition: images, runtime, pods of this node, and the streams that the API server asks for.
import type { Clock, Logger } from '../../core/index.ts';
import type { KubeClient } from '../../kube/index.ts';
import type { ClusterNetwork } from '../network/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import type { PodUsage } from './usage.ts';

/** How the node pulls images of the platform's own registry. */
export interface RegistryAccess {
  /** The host in image names: registry.daruma.internal */
  name: string;
  /** Where it is reached: https or http on loopback. */
  url: string;
  /** PEM of the authority that signed its certificate. */
  ca?: string;
  username: string;
  password: string;
}

export interface NodeOptions {
  client: KubeClient;
  nodeName: string;
  dataDir: string;
  registry?: RegistryAccess;
  network: ClusterNetwork;
  /** `auto` probes for user namespaces and falls back to plain processes. */
  runtime?: 'auto' | 'userns' | 'plain';
  apiUrl: string;
  /** PEM; pods find it beside their token. */
  rootCa: string;
  logger: Logger;
  clock: Clock;
}

export interface RunningNode extends AsyncDisposable {
  /** Streams of the pods that run here. */
  readonly connector: PodConnector;
  readonly runtime: 'userns' | 'plain';
  /** `namespace/name` of pods whose image cannot run here and that only pretend to. */
  simulatedPods(): string[];
  /** CPU and memory of each running container, measured now. */
  stats(): Promise<PodUsage[]>;
}

/** Registers the node and runs pods bound to it until disposed of; then ends their processes and leaves their objects. */
export function startNode(_options: NodeOptions): Promise<RunningNode> {
  throw new Error('being built');
}
