// One pod on this node, from being bound to being gone: address, volumes, init containers, containers, status, termination.
import { setMaxListeners } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/index.ts';
import { isApiError } from '../../kube/index.ts';
import type { ContainerLog } from './container-log.ts';
import { ContainerWorker } from './container-worker.ts';
import type { PodFacts } from './field-values.ts';
import type { NodeServices } from './node-services.ts';
import { computeStatus, isSidecar } from './pod-status.ts';
import { PodStatusWriter } from './pod-status-writer.ts';
import { apiTime, type Container, type ContainerStatus, POD_KIND, type Pod, podKey } from './pod-types.ts';
import { PodVolumes } from './pod-volumes.ts';
import { type RunningContainer, sweepProcesses } from './runtime/index.ts';

const SIMULATED_ANNOTATION = 'daruma.dev/simulated';

export class PodWorker {
  readonly uid: string;
  readonly #services: NodeServices;
  readonly #stop = new AbortController();
  readonly #init: ContainerWorker[];
  readonly #main: ContainerWorker[];
  readonly #volumes: PodVolumes;
  readonly #writer: PodStatusWriter;
  readonly #startTime: string;
  readonly #gone = new AbortController();
  #pod: Pod;
  #address: string | undefined;
  #failure: { reason: string; message: string } | undefined;
  readonly #debuggers: ContainerWorker[] = [];
  #initialized = false;
  #terminal = false;
  #simulatedReason: string | undefined;
  #ran: Promise<void> | undefined;
  #terminating: Promise<void> | undefined;

  constructor(services: NodeServices, pod: Pod) {
    this.#services = services;
    // One listener for each volume and wait.
    setMaxListeners(0, this.#stop.signal, this.#gone.signal);
    this.#pod = pod;
    this.uid = pod.metadata.uid ?? '';
    this.#startTime = pod.status?.startTime ?? apiTime(services.clock.now());
    const folder = join(services.dataDir, 'pods', this.uid);
    this.#volumes = new PodVolumes(services, {
      pod: () => this.#pod,
      facts: () => this.#facts(),
      folder,
      signal: this.#stop.signal,
    });
    const { status } = pod;
    this.#init = (pod.spec.initContainers ?? []).map(container =>
      this.#worker(container, {
        init: true,
        previous: this.#sandboxIsNew() ? restartedInit(status?.initContainerStatuses, container) : undefined,
      }),
    );
    this.#main = pod.spec.containers.map(container =>
      this.#worker(container, { init: false, previous: status?.containerStatuses?.find(({ name }) => name === container.name) }),
    );
    this.#writer = new PodStatusWriter({
      client: services.client,
      clock: services.clock,
      logger: services.logger,
      signal: this.#gone.signal,
      compute: () => ({ pod: this.#pod, status: this.#status() }),
    });
  }

  get pod(): Pod {
    return this.#pod;
  }

  get address(): string | undefined {
    return this.#address;
  }

  get simulated(): boolean {
    return this.#simulatedReason !== undefined;
  }

  running(container: string): RunningContainer | undefined {
    return this.#find(container)?.running;
  }

  runningContainers(): { name: string; pid: number }[] {
    return [...this.#init, ...this.#main, ...this.#debuggers].flatMap(({ name, running }) =>
      running ? [{ name, pid: running.pid }] : [],
    );
  }

  /** Manifest digests of the images that its containers have used. */
  imageDigests(): string[] {
    return [...this.#init, ...this.#main, ...this.#debuggers].flatMap(
      ({ status }) => /sha256:[0-9a-f]{64}$/.exec(status.imageID)?.[0] ?? [],
    );
  }

  containerStatus(container: string): ContainerStatus | undefined {
    return this.#find(container)?.status;
  }

  log(container: string, previous: boolean): ContainerLog | undefined {
    return this.#find(container)?.log(previous);
  }

  /** Begins to run it. */
  start(): void {
    this.#ran ??= this.#run().catch(error =>
      this.#services.logger.error('a pod stopped being run', { pod: podKey(this.#pod), reason: messageOf(error) }),
    );
    if (this.#pod.metadata.deletionTimestamp) this.#terminate();
  }

  /** The object changed in the API. */
  update(pod: Pod): void {
    const before = this.#pod;
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp) return this.#terminate();
    if (pod.metadata.generation !== before.metadata.generation) {
      for (const container of pod.spec.containers) this.#find(container.name)?.respecify(container);
      if (this.#initialized) this.#startDebuggers();
      this.#writer.mark();
    }
    const { labels, annotations } = before.metadata;
    if (JSON.stringify([labels, annotations]) !== JSON.stringify([pod.metadata.labels, pod.metadata.annotations]))
      this.#volumes.podChanged();
  }

  /** The object is gone from the API: nothing is left to be told, its processes end now. */
  async remove(): Promise<void> {
    this.#gone.abort();
    await this.#stopContainers(0);
    await this.#cleanUp();
  }

  /** The node stops: processes end, the object stays as it is. */
  async shutDown(graceMs: number): Promise<void> {
    this.#gone.abort();
    if (this.#address) this.#services.network.drain(this.#address);
    await this.#stopContainers(Math.min(graceMs, this.#graceMs()));
    await this.#writer.flush();
  }

  #find(name: string): ContainerWorker | undefined {
    return [...this.#main, ...this.#init, ...this.#debuggers].find(worker => worker.name === name);
  }

  #worker(container: Container, { init, previous }: { init: boolean; previous: ContainerStatus | undefined }): ContainerWorker {
    const { dataDir } = this.#services;
    return new ContainerWorker({
      services: this.#services,
      container,
      init,
      pod: () => this.#pod,
      facts: () => this.#facts(),
      volumes: () => this.#volumes.paths,
      folder: join(dataDir, 'pods', this.uid, 'containers', container.name),
      logFolder: podLogFolder(dataDir, this.#pod),
      previous,
      onChange: () => this.#writer.mark(),
      onSimulated: reason => this.#markSimulated(reason),
    });
  }

  /** Processes of an earlier node are gone, so init containers run again. */
  #sandboxIsNew(): boolean {
    return (this.#pod.status?.initContainerStatuses ?? []).length > 0;
  }

  #facts(): PodFacts {
    const { network, nodeName } = this.#services;
    return { podIP: this.#address ?? '', hostIP: network.nodeAddress, nodeName };
  }

  async #run(): Promise<void> {
    const { network } = this.#services;
    this.#address = this.#pod.spec.hostNetwork
      ? network.nodeAddress
      : network.allocatePodAddress(this.uid, this.#pod.status?.podIP);
    this.#writer.mark();
    this.#limitTime();
    await this.#volumes.mount();
    if (this.#stop.signal.aborted) return;
    const sidecars: Promise<void>[] = [];
    for (const [index, worker] of this.#init.entries()) {
      const container = (this.#pod.spec.initContainers ?? [])[index] as Container;
      if (isSidecar(container)) {
        sidecars.push(worker.run('Always'));
        await this.#started(worker);
      } else {
        await worker.run(this.#pod.spec.restartPolicy === 'Never' ? 'Never' : 'OnFailure');
        if (worker.exitCode !== 0) break;
      }
      if (this.#stop.signal.aborted) break;
    }
    const initialized = this.#init.every(({ status }) => status.started || status.state.terminated?.exitCode === 0);
    if (initialized && !this.#stop.signal.aborted) {
      this.#initialized = true;
      this.#startDebuggers();
      await Promise.all(this.#main.map(worker => worker.run(this.#pod.spec.restartPolicy ?? 'Always')));
    }
    if (!this.#terminating) await this.#stopAll([...this.#init, ...this.#debuggers], this.#graceMs());
    await Promise.all(sidecars);
    this.#writer.mark();
  }

  /** Ephemeral containers run once, from when they are added; what an earlier node ran stays as it was told. */
  #startDebuggers(): void {
    const { spec, status } = this.#pod;
    for (const container of spec.ephemeralContainers ?? []) {
      if (this.#find(container.name) || status?.ephemeralContainerStatuses?.some(({ name }) => name === container.name)) continue;
      const worker = this.#worker(container, { init: false, previous: undefined });
      this.#debuggers.push(worker);
      void worker.run('Never');
    }
  }

  /** A sidecar lets the next container start once it has itself. */
  async #started(worker: ContainerWorker): Promise<void> {
    while (!worker.status.started && !this.#stop.signal.aborted)
      await this.#services.clock.sleep(20, { signal: this.#stop.signal }).catch(() => {});
  }

  #limitTime(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const leftMs = Date.parse(this.#startTime) + seconds * 1000 - this.#services.clock.now().getTime();
    const expire = async (): Promise<void> => {
      await this.#services.clock.sleep(Math.max(0, leftMs), { signal: this.#stop.signal });
      this.#failure = { reason: 'DeadlineExceeded', message: 'Pod was active on the node longer than the specified deadline' };
      this.#services.events.record(this.#pod, { reason: 'DeadlineExceeded', message: this.#failure.message });
      await this.#stopContainers(this.#graceMs());
      this.#writer.mark();
    };
    void expire().catch(() => {});
  }

  #terminate(): void {
    const graceMs = this.#graceMs();
    if (this.#terminating) {
      if (graceMs <= 1000) void this.#stopContainers(graceMs);
      return;
    }
    this.#terminating = this.#end(graceMs).catch(error =>
      this.#services.logger.error('a pod could not be ended', { pod: podKey(this.#pod), reason: messageOf(error) }),
    );
  }

  #graceMs(): number {
    const { metadata, spec } = this.#pod;
    return (metadata.deletionGracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  async #end(graceMs: number): Promise<void> {
    // Nothing new is sent to the pod before it hears of its end.
    if (this.#address && !this.#pod.spec.hostNetwork) this.#services.network.drain(this.#address);
    const stopped = this.#stopContainers(graceMs);
    this.#writer.mark();
    await stopped;
    this.#terminal = true;
    this.#writer.mark();
    await this.#writer.flush();
    await this.#deleteObject();
  }

  async #deleteObject(): Promise<void> {
    const { client, clock } = this.#services;
    const { namespace = '', name = '', uid } = this.#pod.metadata;
    for (;;) {
      try {
        await client.delete(
          { ...POD_KIND, namespace, name },
          { gracePeriodSeconds: 0, ...(uid ? { preconditions: { uid } } : {}) },
        );
        return;
      } catch (error) {
        if (this.#gone.signal.aborted || isApiError(error, 404) || isApiError(error, 409)) return;
        await clock.sleep(500, { signal: this.#gone.signal }).catch(() => {});
      }
    }
  }

  /** Containers first, then sidecars; resolves when the pod's run has ended. */
  async #stopContainers(graceMs: number): Promise<void> {
    this.#stop.abort();
    const sidecars = this.#init.filter((_, index) => isSidecar((this.#pod.spec.initContainers ?? [])[index] as Container));
    await this.#stopAll([...this.#main, ...this.#debuggers, ...this.#init.filter(worker => !sidecars.includes(worker))], graceMs);
    await this.#stopAll(sidecars, graceMs);
    await this.#ran;
  }

  async #stopAll(workers: ContainerWorker[], graceMs: number): Promise<void> {
    await Promise.all(workers.map(worker => worker.stop(graceMs)));
  }

  async #cleanUp(): Promise<void> {
    const { dataDir, network, runtime } = this.#services;
    // A plain process may have left its group; namespaces take everything with them.
    if (runtime.name === 'plain' && this.#ran) await sweepProcesses(`DARUMA_POD_UID=${this.uid}`);
    if (!this.#pod.spec.hostNetwork) network.releasePodAddress(this.uid);
    await rm(join(dataDir, 'pods', this.uid), { recursive: true, force: true });
    await rm(podLogFolder(dataDir, this.#pod), { recursive: true, force: true });
  }

  #markSimulated(reason: string): void {
    this.#simulatedReason = reason;
    const { namespace = '', name = '' } = this.#pod.metadata;
    void this.#services.client
      .patch(
        { ...POD_KIND, namespace, name },
        { metadata: { annotations: { [SIMULATED_ANNOTATION]: reason } } },
        { type: 'merge' },
      )
      .catch(error => this.#services.logger.warn('a simulated pod was not marked', { reason: messageOf(error) }));
  }

  #status() {
    const ended = this.#main.every(({ status }) => status.state.terminated);
    return computeStatus({
      pod: this.#pod,
      init: this.#init.map(({ status }) => status),
      main: this.#main.map(({ status }) => status),
      debuggers: this.#debuggers.map(({ status }) => ({ ...status, ready: false })),
      podIP: this.#address,
      hostIP: this.#services.network.nodeAddress,
      startTime: this.#startTime,
      stopping: this.#terminating !== undefined,
      terminal: this.#terminal,
      ...(this.#failure && ended ? { failure: this.#failure } : {}),
      now: this.#services.clock.now(),
    });
  }
}

export function podLogFolder(dataDir: string, { metadata }: Pod): string {
  return join(dataDir, 'logs', `${metadata.namespace}_${metadata.name}_${metadata.uid}`);
}

function restartedInit(statuses: ContainerStatus[] | undefined, container: Container): ContainerStatus | undefined {
  const status = statuses?.find(({ name }) => name === container.name);
  if (!status || status.state.waiting) return undefined;
  return {
    ...status,
    state: status.state.terminated ? { running: { startedAt: status.state.terminated.startedAt ?? '' } } : status.state,
  };
}
