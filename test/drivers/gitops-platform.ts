// The GitOps engine on a real API server and real repositories: the embedded cluster with a simulated node, or the
// cluster of DARUMA_TEST_KUBECONFIG, so that the same suite judges both.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitBridge } from '../../bootstrap/git-bridge.ts';
import { startCluster } from '../../platform/cluster/index.ts';
import { type EventPayloads, type EventType, Journal, silentLogger, systemClock } from '../../platform/core/index.ts';
import { Repositories } from '../../platform/git/index.ts';
import { type Gitops, type GitopsOptions, type Renderer, startGitops, warmUpRenderer } from '../../platform/gitops/index.ts';
import { KubeClient, type KubeObject, type KubeTransport, transportFromKubeconfig } from '../../platform/kube/index.ts';

export const REPOSITORY = 'config';
const NAMESPACE = 'daruma';
const URL = 'http://git.test/config.git';
const DEADLINE_MS = 50_000;

export type Files = Record<string, string | null>;

export class GitopsPlatform implements AsyncDisposable {
  readonly folder: string;
  readonly repositories: Repositories;
  readonly journal: Journal;
  readonly renderer: Renderer;
  /** `METHOD /path?query` of every request that is no watch. */
  requests: string[] = [];
  readonly #stack: AsyncDisposable[];
  #gitops: Gitops | undefined;
  #transport: KubeTransport | undefined;
  #head = '';

  private constructor(folder: string, journal: Journal, renderer: Renderer) {
    this.folder = folder;
    this.journal = journal;
    this.renderer = renderer;
    this.repositories = new Repositories(join(folder, 'git'));
    this.#stack = [journal, renderer];
  }

  /** A cluster and a repository with `files`; the engine runs. */
  static async start(files: Files): Promise<GitopsPlatform> {
    const folder = await mkdtemp(join(tmpdir(), 'daruma-gitops-'));
    const renderer = warmUpRenderer({ cacheDir: join(folder, 'cache') });
    const platform = new GitopsPlatform(folder, await Journal.open(join(folder, 'journal')), renderer);
    const seed = new Map(Object.entries(files).flatMap(([path, text]) => (text === null ? [] : [[path, text] as const])));
    platform.#head = (await platform.repositories.create(REPOSITORY, { seed, branch: 'main' })) ?? '';
    await platform.newCluster();
    await platform.startEngine();
    return platform;
  }

  /** An empty cluster in place of the one before. */
  async newCluster(): Promise<void> {
    const { DARUMA_TEST_KUBECONFIG: kubeconfig } = process.env;
    const transport = kubeconfig ? transportFromKubeconfig(kubeconfig) : await this.#embedded();
    this.#stack.unshift(transport);
    this.#transport = {
      request: request => {
        if (!request.path.includes('watch=true')) this.requests.push(`${request.method} ${request.path}`);
        return transport.request(request);
      },
      [Symbol.asyncDispose]: async () => {},
    };
  }

  async #embedded(): Promise<KubeTransport> {
    const cluster = await startCluster({
      dataDir: await mkdtemp(join(this.folder, 'cluster-')),
      port: 0,
      ephemeral: true,
      simulatedNodes: ['node-1'],
      logger: silentLogger,
    });
    this.#stack.unshift(cluster);
    return transportFromKubeconfig(cluster.kubeconfigPath);
  }

  async startEngine(options: Partial<GitopsOptions> = {}): Promise<void> {
    this.#gitops = await startGitops({
      client: this.client(),
      git: gitBridge(this.repositories),
      resolveRepository: repoURL => (repoURL === URL ? REPOSITORY : undefined),
      events: this.journal,
      namespace: NAMESPACE,
      clock: systemClock,
      logger: silentLogger,
      cacheDir: join(this.folder, 'cache'),
      renderer: this.renderer,
      root: { name: 'root', repoURL: URL, path: 'clusters/local', targetRevision: 'main' },
      ...options,
    });
  }

  async stopEngine(): Promise<void> {
    await this.#gitops?.[Symbol.asyncDispose]();
    this.#gitops = undefined;
  }

  get gitops(): Gitops {
    if (!this.#gitops) throw new Error('the engine does not run');
    return this.#gitops;
  }

  /** A client of the cluster under another name than the engine's. */
  client(name = 'daruma'): KubeClient {
    if (!this.#transport) throw new Error('there is no cluster');
    return new KubeClient(this.#transport, { userAgent: name });
  }

  /** Commits and tells the engine, as the git server does after a push. */
  async push(files: Files, message = 'change'): Promise<string> {
    const { sha, parent } = await this.repositories.commitFiles({
      repository: REPOSITORY,
      branch: 'main',
      author: { name: 'dev', email: 'dev@example.com' },
      message,
      changes: new Map(Object.entries(files)),
    });
    this.#head = sha;
    this.gitops.onPush({ repository: REPOSITORY, ref: 'refs/heads/main', before: parent ?? '', after: sha, actor: 'dev' });
    return sha;
  }

  /** The branch's tip as last pushed here. */
  get head(): string {
    return this.#head;
  }

  get(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | undefined> {
    return this.client('test').get({ apiVersion, kind, namespace, name });
  }

  /** Waits for a condition; what it looked at last is in the failure. */
  async until<T>(look: () => Promise<T>, holds: (seen: T) => boolean): Promise<T> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const seen = await look();
      if (holds(seen)) return seen;
      if (Date.now() > deadline) throw new Error(`the condition did not hold in time; seen last: ${JSON.stringify(seen)}`);
      await systemClock.sleep(20);
    }
  }

  async synced(name: string, revision?: string) {
    return this.until(
      () => this.gitops.application(name).catch(error => ({ name, sync: String(error), health: '', revision: '' })),
      seen => seen.sync === 'Synced' && seen.health === 'Healthy' && (revision === undefined || seen.revision === revision),
    );
  }

  /** The payloads of one type, oldest first. */
  events<T extends EventType>(type: T): EventPayloads[T][] {
    return this.journal
      .since(0)
      .filter(entry => entry.type === type)
      .map(entry => entry.data as EventPayloads[T]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopEngine();
    for (const part of this.#stack) await part[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }
}

interface ApplicationOptions {
  path: string;
  namespace: string;
  automated?: boolean;
  annotations?: Record<string, string>;
  spec?: Record<string, unknown>;
}

/** An Application manifest, in JSON, which is YAML. */
export function applicationManifest(
  name: string,
  { path, namespace, automated = true, annotations, spec }: ApplicationOptions,
): string {
  return JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name,
      namespace: NAMESPACE,
      finalizers: ['resources-finalizer.argocd.argoproj.io'],
      ...(annotations ? { annotations } : {}),
    },
    spec: {
      project: 'default',
      source: { repoURL: URL, path, targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace },
      syncPolicy: {
        ...(automated ? { automated: { prune: true, selfHeal: true } } : {}),
        syncOptions: ['CreateNamespace=true'],
      },
      ...spec,
    },
  });
}

/** A ConfigMap manifest, in JSON. */
export function configMap(name: string, data: Record<string, string>, annotations?: Record<string, string>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, ...(annotations ? { annotations } : {}) },
    data,
  });
}

/** A Deployment manifest, in JSON. */
export function deployment(name: string, image: string, replicas = 1): string {
  const labels = { app: name };
  const containers = [{ name: 'main', image, env: [{ name: 'LEVEL', value: 'info' }] }];
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  });
}
