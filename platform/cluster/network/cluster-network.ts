// What the node needs of the network: addresses for pods, where they are on this host, and what a pod's process must be told.

/** A socket of this host. */
export interface HostEndpoint {
  host: string;
  port: number;
}

export interface PodEnvironmentOptions {
  /** The pod's address as the API shows it. */
  address: string;
  namespace: string;
  hostname: string;
  /** Where the shim lies for the pod's process; this host's path when absent. */
  shimPath?: string;
  /** NODE_OPTIONS that the pod asks for itself. */
  nodeOptions?: string;
}

/** Addresses are the API's (10.244.a.b for pods, 10.96.a.b for services) unless called an endpoint. */
export interface ClusterNetwork {
  /** Where the ingress answers HTTP on 127.0.0.1; 0 when there is none. */
  readonly ingressPort: number;
  /** The node's own address, which pods with host network share. */
  readonly nodeAddress: string;
  readonly dnsAddress: string;
  /** Nobody else's address, `wanted` when it is free. The same uid gets the same address until it is released. */
  allocatePodAddress(uid: string, wanted?: string): string;
  releasePodAddress(uid: string): void;
  /** Where a port of a pod or service address is on this host. */
  hostEndpoint(address: string, port: number): HostEndpoint;
  /** Variables that make a Node process live at the pod's address: the shim's settings and NODE_OPTIONS that preload it. */
  podEnvironment(options: PodEnvironmentOptions): Record<string, string>;
  /** This host's path of the shim. */
  readonly shimPath: string;
  /** From now on no new connection or request goes to the pod; what runs already goes on. Call it before a pod is told to stop. */
  drain(address: string): void;
}
