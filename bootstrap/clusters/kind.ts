// A kind cluster of its own for a platform: created, wired to the registry, stopped and removed by daruma, and never another's.
import { mkdir, open, readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DarumaError, type HomePaths, type Logger, messageOf, writeFileAtomic } from '../../platform/core/index.ts';
import type { TlsListener } from '../../platform/registry/index.ts';
import { endProcess, identityOf } from '../process-identity.ts';
import { auditPolicy } from './audit-log.ts';
import type { ClusterProvider, StartedCluster } from './cluster-provider.ts';
import { ContainerTools, kindStep } from './container-tools.ts';
import type { HostRegistry } from './host-protocol.ts';
import { AUDIT_LOG, AUDIT_POLICY, kindConfig, type NodeFolders } from './kind-config.ts';
import { anyKindNode, type KindNodeContainer, kindNodes } from './kind-nodes.ts';
import { foreignCluster, type KindRecord, kindClusterName, newRecord, readRecord, writeRecord } from './kind-record.ts';
import { holdPort } from './port-hold.ts';
import { RunningKind } from './running-kind.ts';

const CREATOR_GRACE_MS = 5_000;

export interface KindOptions {
  paths: HomePaths;
  /** The instance's name. */
  name: string;
  apiServerPort: number;
  ingressPort: number;
  image?: string;
  nodes?: number;
  /** A configuration file of kind. */
  configFile?: string;
  registry: () => HostRegistry;
  /** Opens the registry to the nodes, by TLS on one address of this machine. */
  listenForNodes: (options: { host: string; key: string; cert: string }) => Promise<TlsListener>;
  logger: Logger;
}

export interface KindStartOptions {
  signal: AbortSignal;
  onProgress: (detail: string) => void;
}

export class KindProvider implements ClusterProvider {
  readonly name = 'kind';
  readonly imageBase = 'assembled';
  readonly #options: KindOptions;
  readonly #folders: NodeFolders;
  readonly #kubeconfig: string;
  #current: RunningKind | undefined;
  #freeIngressPort: () => Promise<void> = async () => {};

  constructor(options: KindOptions) {
    this.#options = options;
    const { cluster } = options.paths;
    this.#kubeconfig = join(cluster, 'kubeconfig');
    this.#folders = {
      registryHosts: join(cluster, 'certs.d'),
      auditPolicy: join(cluster, 'audit-policy'),
      auditLog: join(cluster, 'audit'),
    };
  }

  /** Resumes the home's cluster, or makes it. @throws DarumaError TOOL_MISSING | CONFLICT | TIMEOUT */
  async start(options: KindStartOptions): Promise<StartedCluster> {
    const held = await holdPort(this.#options.ingressPort, { flag: '--ingress-port' });
    this.#freeIngressPort = async () => {
      await held[Symbol.asyncDispose]();
    };
    try {
      return await this.#startHolding(options);
    } finally {
      await this.#freeIngressPort();
    }
  }

  async #startHolding({ signal, onProgress }: KindStartOptions): Promise<StartedCluster> {
    const { paths } = this.#options;
    const record = await readRecord(paths);
    const tools = await ContainerTools.find({ signal, ...(record ? { runtime: record.runtime } : {}) });
    const cluster = record?.cluster ?? (await this.#clusterName());
    const nodes = await kindNodes(tools, cluster, { signal });
    if (nodes.length > 0 && !(record && (await this.#isOurs(nodes)))) throw foreignCluster(cluster);
    if (record?.phase === 'created' && nodes.length > 0) return this.#resume(tools, record, nodes, { signal, onProgress });
    if (record) {
      if (nodes.length > 0) onProgress('removing what an interrupted creation left');
      await this.#remove(tools, record);
    }
    try {
      return await this.#create(tools, cluster, { signal, onProgress, apiServerPort: this.#options.apiServerPort });
    } catch (error) {
      // It was free when it was chosen. Nothing depends on it: the kubeconfig names the one that it is.
      if (!(error instanceof DarumaError && error.code === 'PORT_IN_USE' && error.data?.['of'] === 'cluster')) throw error;
      onProgress('taking another port for the API, since that one was taken meanwhile');
      return this.#create(tools, cluster, { signal, onProgress, apiServerPort: 0 });
    }
  }

  async #create(
    tools: ContainerTools,
    cluster: string,
    { signal, onProgress, apiServerPort }: KindStartOptions & { apiServerPort: number },
  ): Promise<StartedCluster> {
    const { paths, image, nodes, configFile, logger } = this.#options;
    const own = configFile === undefined ? undefined : await readConfigFile(configFile);
    for (const folder of Object.values(this.#folders)) await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFileAtomic(join(this.#folders.auditPolicy, AUDIT_POLICY), auditPolicy);
    // The API server appends to a file that is there and leaves it to its owner.
    await (await open(join(this.#folders.auditLog, AUDIT_LOG), 'a', 0o600)).close();
    const configPath = join(paths.cluster, 'kind.yaml');
    const config = kindConfig({
      apiServerPort,
      folders: this.#folders,
      ...(own === undefined ? {} : { own }),
      ...(nodes === undefined ? {} : { nodes }),
    });
    await writeFileAtomic(configPath, config);
    const networks = (await tools.container(['network', 'ls', '--format', '{{.Name}}'], { signal })).split('\n');
    const { runtime, network } = tools;
    const record = newRecord({ cluster, runtime, ...(networks.includes(network) ? {} : { madeNetwork: network }) });
    await writeRecord(paths, record);
    let recorded: Promise<void> = Promise.resolve();
    try {
      await tools.kind(
        [
          ...['create', 'cluster', '--name', cluster, '--config', configPath, '--kubeconfig', this.#kubeconfig],
          ...(image ? ['--image', image] : []),
        ],
        {
          signal,
          onStart: pid => {
            recorded = identityOf(pid).then(creator => writeRecord(paths, { ...record, creator }));
          },
          onLine: line => {
            logger.info('kind', { line });
            const step = kindStep(line);
            if (step) onProgress(step);
          },
        },
      );
      await recorded;
      const running = await this.#run(tools, { record, nodes: await kindNodes(tools, cluster, { signal }), signal, onProgress });
      await writeRecord(paths, { ...record, phase: 'created' });
      return running;
    } catch (error) {
      await recorded.catch(() => {});
      onProgress('removing what was begun');
      await this.#remove(tools, record).catch(failure =>
        logger.warn('what was begun of the cluster was not removed; the next start does', { reason: messageOf(failure) }),
      );
      throw error;
    }
  }

  async #resume(
    tools: ContainerTools,
    record: KindRecord,
    found: KindNodeContainer[],
    { signal, onProgress }: KindStartOptions,
  ): Promise<StartedCluster> {
    const stopped = found.filter(({ running }) => !running).map(({ name }) => name);
    if (stopped.length > 0) {
      onProgress(`starting ${stopped.join(', ')}`);
      await tools.container(['start', ...stopped], { signal });
    }
    const nodes = stopped.length > 0 ? await kindNodes(tools, record.cluster, { signal }) : found;
    await tools.kind(['export', 'kubeconfig', '--name', record.cluster, '--kubeconfig', this.#kubeconfig], { signal });
    return this.#run(tools, { record, nodes, signal, onProgress });
  }

  async #run(
    tools: ContainerTools,
    options: KindStartOptions & { record: KindRecord; nodes: KindNodeContainer[] },
  ): Promise<RunningKind> {
    const { paths, registry, listenForNodes, ingressPort, logger } = this.#options;
    this.#current = await RunningKind.start({
      ...options,
      tools,
      kubeconfigPath: this.#kubeconfig,
      certificates: paths.certificates,
      folders: this.#folders,
      registry: registry(),
      listenForNodes,
      ingressPort,
      freeIngressPort: this.#freeIngressPort,
      logger,
    });
    return this.#current;
  }

  /** Removes containers, volumes and, when it was made for this, the network of kind; only what the record names and this home made. */
  async destroy(): Promise<void> {
    const { paths } = this.#options;
    await this.#current?.detach();
    this.#current = undefined;
    const record = await readRecord(paths);
    if (record) await this.#remove(await ContainerTools.find({ runtime: record.runtime }), record);
    await rm(paths.cluster, { recursive: true, force: true });
  }

  async #remove(tools: ContainerTools, { cluster, madeNetwork, creator }: KindRecord): Promise<void> {
    if (creator) await endProcess(creator, { graceMs: CREATOR_GRACE_MS });
    await this.#current?.detach();
    this.#current = undefined;
    if (await this.#isOurs(await kindNodes(tools, cluster)))
      await tools.kind(['delete', 'cluster', '--name', cluster, '--kubeconfig', this.#kubeconfig]);
    if (madeNetwork && !(await anyKindNode(tools))) {
      await tools.container(['network', 'rm', madeNetwork]).catch(error => {
        if (!/not found|no such network/i.test(messageOf(error))) throw error;
      });
    }
  }

  /** A cluster of this home sees this home's folders. */
  async #isOurs(nodes: KindNodeContainer[]): Promise<boolean> {
    const folder = await realpath(this.#folders.registryHosts).catch(() => this.#folders.registryHosts);
    return nodes.some(({ mounts }) =>
      mounts.some(mount => mount.endsWith(folder) || mount.endsWith(this.#folders.registryHosts)),
    );
  }

  async #clusterName(): Promise<string> {
    const { name, paths } = this.#options;
    return kindClusterName(name, await realpath(paths.root).catch(() => paths.root));
  }
}

async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new DarumaError('NOT_FOUND', `the kind configuration ${path} cannot be read`, { hint: '--kind-config FILE', cause });
  }
}
