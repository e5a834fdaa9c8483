// The node's composition: images, runtime, the pods bound here, and the streams that the API server asks for.
import { setMaxListeners } from 'node:events';
import { copyFile, mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger, messageOf } from '../../core/index.ts';
import { Informer, type KubeClient } from '../../kube/index.ts';
import type { ClusterNetwork } from '../network/index.ts';
import type { PodConnector } from '../pod-connector.ts';
import { EventRecorder } from './event-recorder.ts';
import { ImageStore, type RegistryAccess, RegistryClient } from './images/index.ts';
import { registerNode } from './node-registration.ts';
import type { NodeServices } from './node-services.ts';
import { ObjectReader } from './object-reader.ts';
import { PodStreams } from './pod-streams.ts';
import { POD_KIND, type Pod, podKey } from './pod-types.ts';
import { PodWorker } from './pod-worker.ts';
import { chooseRuntime, sweepProcesses } from './runtime/index.ts';
import { type PodUsage, UsageMeter } from './usage.ts';

export type { RegistryAccess } from './images/index.ts';

export interface NodeOptions {
  client: KubeClient;
  nodeName: string;
  dataDir: string;
  registry?: RegistryAccess;
  network: ClusterNetwork;
  /** `auto` (default) tries user namespaces and falls back to plain processes. */
  runtime?: 'auto' | 'userns' | 'plain';
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
  /** CPU and memory of each pod's running containers, measured now. */
  stats(): Promise<PodUsage[]>;
}

/** How long processes have to end by themselves when the node stops. */
const SHUTDOWN_GRACE_MS = 3_000;

/** Registers the node and runs pods bound to it until disposed of; then ends their processes and leaves their objects as they are. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { client, nodeName, network, clock, logger } = options;
  // Volumes hold secrets.
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const dataDir = await realpath(options.dataDir);
  const marker = `DARUMA_NODE=${dataDir}`;
  // Pods keep their shim when another version of daruma is put in place meanwhile.
  const shimPath = join(dataDir, 'network-shim.cjs');
  await copyFile(network.shimPath, shimPath);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const registry = options.registry && new RegistryClient(options.registry);
  const [runtime] = await Promise.all([
    chooseRuntime({ wanted: options.runtime ?? 'auto', dataDir, shimPath, logger }),
    cleanUpAfterKill(dataDir, marker, logger),
  ]);
  const services: NodeServices = {
    client,
    nodeName,
    dataDir,
    rootCa: options.rootCa,
    network,
    images: new ImageStore(join(dataDir, 'images'), registry),
    runtime,
    objects: new ObjectReader(client, stop.signal),
    events: new EventRecorder({ client, nodeName, clock, logger }),
    clock,
    logger,
    marker,
    shimPath,
  };
  await registerNode({
    client,
    nodeName,
    address: network.nodeAddress,
    runtime: runtime.name,
    clock,
    logger,
    signal: stop.signal,
  });
  const pods = new NodePods(services);
  const informer = new Informer<Pod>(client, POD_KIND, {
    fieldSelector: `spec.nodeName=${nodeName}`,
    signal: stop.signal,
    onError: error => logger.debug('the watch of pods broke', { reason: messageOf(error) }),
  });
  informer.onChange(({ type, object }) => (type === 'deleted' ? pods.remove(object) : pods.set(object)));
  await informer.synced();
  await pods.dropOldLogs();
  const meter = new UsageMeter();
  return {
    connector: new PodStreams((namespace, name) => pods.find(namespace, name), network),
    runtime: runtime.name,
    simulatedPods: () =>
      pods
        .workers()
        .filter(({ simulated }) => simulated)
        .map(({ pod }) => podKey(pod)),
    stats: () =>
      meter.measure(
        pods.workers().map(worker => ({
          namespace: worker.pod.metadata.namespace ?? '',
          name: worker.pod.metadata.name ?? '',
          containers: worker.runningContainers(),
        })),
      ),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await pods.shutDown();
      await services.events.flush();
      registry?.close();
    },
  };
}

/** What a node that was killed could not do itself: ends its processes, then removes their files. */
async function cleanUpAfterKill(dataDir: string, marker: string, logger: Logger): Promise<void> {
  const swept = await sweepProcesses(marker);
  if (swept > 0) logger.info('processes of an earlier run were ended', { count: swept });
  await rm(join(dataDir, 'pods'), { recursive: true, force: true });
}

/** The pods of this node by uid. */
class NodePods {
  readonly #services: NodeServices;
  readonly #workers = new Map<string, PodWorker>();
  readonly #leaving = new Set<Promise<void>>();

  constructor(services: NodeServices) {
    this.#services = services;
  }

  workers(): PodWorker[] {
    return [...this.#workers.values()];
  }

  find(namespace: string, name: string): PodWorker | undefined {
    return this.workers().find(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name);
  }

  set(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const existing = this.#workers.get(uid);
    if (existing) return existing.update(pod);
    const worker = new PodWorker(this.#services, pod);
    this.#workers.set(uid, worker);
    // What has come to its end stays for its logs, until it is deleted.
    const { phase } = pod.status ?? {};
    if ((phase !== 'Succeeded' && phase !== 'Failed') || pod.metadata.deletionTimestamp) worker.start();
  }

  remove(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    const worker = this.#workers.get(uid);
    if (!worker) return;
    this.#workers.delete(uid);
    const leaving = worker
      .remove()
      .catch(error => this.#services.logger.warn('a pod left something behind', { pod: podKey(pod), reason: messageOf(error) }))
      .then(() => this.#services.images.collect(new Set(this.workers().flatMap(other => other.imageDigests()))))
      .catch(error => this.#services.logger.warn('unused images were not removed', { reason: messageOf(error) }))
      .finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
  }

  async dropOldLogs(): Promise<void> {
    const folder = join(this.#services.dataDir, 'logs');
    for (const name of await readdir(folder).catch(() => [])) {
      const uid = name.slice(name.lastIndexOf('_') + 1);
      if (!this.#workers.has(uid)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }

  async shutDown(): Promise<void> {
    await Promise.all(this.workers().map(worker => worker.shutDown(SHUTDOWN_GRACE_MS)));
    await Promise.all(this.#leaving);
  }
}
