// The part of the appliance that a rebuild throws away and makes anew: cluster, client and GitOps engine.
import { readFile } from 'node:fs/promises';
import { DarumaError, writeFileAtomic } from '../platform/core/index.ts';
import type { AuditSource, Gitops } from '../platform/gitops/index.ts';
import { type HttpsTransport, KubeClient, transportFromKubeconfig } from '../platform/kube/index.ts';
import type { ClusterProvider, StartedCluster } from './clusters/cluster-provider.ts';

export interface ClusterSideOptions {
  provider: ClusterProvider;
  /** Where the kubeconfig is for people: a copy of the provider's. */
  kubeconfig: string;
  startEngine(options: { client: KubeClient; audit?: AuditSource; awaitRestore: boolean }): Promise<Gitops>;
}

export class ClusterSide implements AsyncDisposable {
  readonly #options: ClusterSideOptions;
  #cluster: StartedCluster | undefined;
  #transport: HttpsTransport | undefined;
  #gitops: Gitops | undefined;

  constructor(options: ClusterSideOptions) {
    this.#options = options;
  }

  /** Cluster first, engine by `startEngine`: they are apart, so that repositories can be seeded meanwhile. */
  async startCluster({
    signal,
    onProgress,
  }: {
    signal: AbortSignal;
    onProgress: (detail: string) => void;
  }): Promise<StartedCluster> {
    const cluster = await this.#options.provider.start({ signal, onProgress });
    this.#cluster = cluster;
    await writeFileAtomic(this.#options.kubeconfig, await readFile(cluster.kubeconfigPath), { mode: 0o600 });
    this.#transport = transportFromKubeconfig(this.#options.kubeconfig);
    return cluster;
  }

  async startEngine({ awaitRestore = false } = {}): Promise<Gitops> {
    const { audit } = this.cluster;
    this.#gitops = await this.#options.startEngine({ client: this.client, awaitRestore, ...(audit ? { audit } : {}) });
    return this.#gitops;
  }

  /** @throws DarumaError CONFLICT while the platform starts or is rebuilt */
  get gitops(): Gitops {
    return this.#gitops ?? missing();
  }

  get cluster(): StartedCluster {
    return this.#cluster ?? missing();
  }

  get started(): boolean {
    return this.#gitops !== undefined;
  }

  get client(): KubeClient {
    return new KubeClient(this.#transport ?? missing(), { userAgent: 'daruma' });
  }

  /** Removes the cluster; `startCluster` makes a new one. */
  async destroy(): Promise<void> {
    await this.#stopEngine();
    await this.#options.provider.destroy();
    this.#cluster = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stopEngine();
    await this.#cluster?.[Symbol.asyncDispose]();
    this.#cluster = undefined;
  }

  async #stopEngine(): Promise<void> {
    await this.#gitops?.[Symbol.asyncDispose]();
    this.#gitops = undefined;
    await this.#transport?.[Symbol.asyncDispose]();
    this.#transport = undefined;
  }
}

function missing(): never {
  throw new DarumaError('CONFLICT', 'the cluster is starting or being rebuilt', {
    hint: 'daruma status --watch shows when it is ready',
  });
}
