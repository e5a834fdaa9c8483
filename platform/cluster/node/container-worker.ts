// One container of a pod: image, start, hooks, probes, exit, restart with back-off, and its status at any moment.
import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/index.ts';
import { awaitImage } from './container-image.ts';
import { ContainerLog } from './container-log.ts';
import { commandOf, containerRequest, terminationLogPath } from './container-request.ts';
import { ContainerConfigError } from './environment.ts';
import type { PodFacts } from './field-values.ts';
import { firstStatus } from './first-status.ts';
import { type ActionTarget, runAction } from './handler-actions.ts';
import { type LocalImage, parseImageReference } from './images/index.ts';
import type { NodeServices } from './node-services.ts';
import { apiTime, type Container, type ContainerStatus, type Pod, type TerminatedState } from './pod-types.ts';
import { runProbe } from './probe-worker.ts';
import { goDuration, RestartBackoff } from './restart-backoff.ts';
import { ContainerStartError, type RunningContainer } from './runtime/index.ts';

export interface ContainerWorkerOptions {
  services: NodeServices;
  container: Container;
  init: boolean;
  /** The pod as it is now. */
  pod: () => Pod;
  facts: () => PodFacts;
  volumes: () => ReadonlyMap<string, string>;
  folder: string;
  logFolder: string;
  /** What the API tells of it from before this node started. */
  previous: ContainerStatus | undefined;
  onChange: () => void;
  /** Its image cannot run here: it only pretends to. */
  onSimulated: (reason: string) => void;
}

interface Current {
  running: RunningContainer;
  startedAt: Date;
  image: LocalImage;
  /** Ends probes and hooks. */
  ended: AbortController;
}

const CONFIG_RETRY_MS = 1_000;
const MESSAGE_LIMIT_BYTES = 4096;
/** A stop gives a hook's follower this long at least, as the kubelet's minimum. */
const MINIMUM_AFTER_HOOK_MS = 2_000;

export class ContainerWorker {
  readonly name: string;
  readonly #options: ContainerWorkerOptions;
  readonly #stopped = new AbortController();
  readonly #backoff = new RestartBackoff();
  #container: Container;
  #status: ContainerStatus;
  #current: Current | undefined;
  #log: ContainerLog | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: ContainerWorkerOptions) {
    this.#options = options;
    this.#container = options.container;
    this.name = options.container.name;
    this.#status = firstStatus({
      pod: options.pod(),
      container: options.container,
      init: options.init,
      previous: options.previous,
      now: options.services.clock.now(),
    });
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  get running(): RunningContainer | undefined {
    return this.#current?.running;
  }

  /** The exit code of the last run when it will not run again. */
  get exitCode(): number | undefined {
    return this.#status.state.terminated?.exitCode;
  }

  /** The log of the current or last run, or of the run before. */
  log(previous: boolean): ContainerLog | undefined {
    const run = this.#status.restartCount - (previous ? 1 : 0);
    if (!previous && this.#log) return this.#log;
    if (run < 0) return undefined;
    const hasRun = previous || this.#status.state.terminated || this.#status.lastState.terminated;
    return hasRun ? endedLog(this.#logPath(run)) : undefined;
  }

  /** A new image in the pod's spec ends the container, which then starts with it. */
  respecify(container: Container): void {
    const changed = container.image !== this.#container.image;
    this.#container = container;
    if (!changed || !this.#current) return;
    this.#event('Normal', 'Killing', `Container ${this.name} definition changed, will be restarted`);
    void this.#end(this.#current, this.#graceMs());
  }

  /** Runs until the container has ended for good or is stopped. Never rejects. `policy` is the pod's or the container's own. */
  async run(policy: string): Promise<void> {
    if (this.#status.state.terminated) return;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      const image = await this.#image();
      if (!image) break;
      const reason = await this.#options.services.runtime.obstacle(image, commandOf(this.#container, image));
      if (reason) return this.#simulate(reason, image);
      const current = await this.#start(image);
      const exitCode = current ? await this.#supervise(current) : this.exitCode;
      if (signal.aborted) break;
      if (exitCode === undefined) {
        await this.#sleep(CONFIG_RETRY_MS);
        continue;
      }
      if (policy === 'Never' || (policy === 'OnFailure' && exitCode === 0)) return;
      await this.#backOff(current ? this.#options.services.clock.now().getTime() - current.startedAt.getTime() : 0);
    }
    if (!this.#status.state.terminated) this.#markNeverStarted();
  }

  /** Ends the container within the grace period: preStop hook, its stop signal, then kill. Again with a shorter time hurries. */
  async stop(graceMs: number): Promise<void> {
    this.#stopped.abort();
    const current = this.#current;
    if (!current) return;
    if (!this.#stopping) this.#event('Normal', 'Killing', `Stopping container ${this.name}`);
    this.#stopping ??= this.#end(current, graceMs);
    if (graceMs <= 0) current.running.kill();
    await this.#stopping;
  }

  #image(): Promise<LocalImage | undefined> {
    return awaitImage(this.#options.services, {
      pod: this.#options.pod,
      container: this.#container,
      init: this.#options.init,
      signal: this.#stopped.signal,
      onWaiting: (reason, message) => this.#update({ state: { waiting: { reason, message } }, ready: false, started: false }),
    });
  }

  /** Undefined when it could not be started; the status then says why. */
  async #start(image: LocalImage): Promise<Current | undefined> {
    const { services, pod, facts, volumes, folder } = this.#options;
    const id = randomBytes(32).toString('hex');
    const place = {
      pod: pod(),
      container: this.#container,
      facts: facts(),
      volumes: volumes(),
      folder: join(folder, id.slice(0, 12)),
    };
    let waitingReason = 'CreateContainerConfigError';
    try {
      const request = await containerRequest(services, place, image);
      waitingReason = 'CreateContainerError';
      this.#event('Normal', 'Created', `Created container: ${this.name}`);
      const running = await services.runtime.start(request);
      const log = new ContainerLog(this.#logPath(this.#status.restartCount));
      this.#log = log;
      const captured = Promise.all([log.capture(running.stdout, 'stdout'), log.capture(running.stderr, 'stderr')]).then(() =>
        log.end(),
      );
      const current: Current = {
        running: { ...running, exit: running.exit.then(exit => captured.then(() => exit)) },
        startedAt: services.clock.now(),
        image,
        ended: new AbortController(),
      };
      this.#current = current;
      if (this.#stopped.signal.aborted) running.kill();
      this.#event('Normal', 'Started', `Started container ${this.name}`);
      this.#update({
        state: { running: { startedAt: apiTime(current.startedAt) } },
        image: parseImageReference(this.#container.image).name,
        imageID: image.repoDigest,
        containerID: `daruma://${id}`,
        ready: false,
        started: false,
      });
      return current;
    } catch (error) {
      this.#refuse(error, { id, image, waitingReason });
      await rm(place.folder, { recursive: true, force: true });
      return undefined;
    }
  }

  #refuse(error: unknown, { id, image, waitingReason }: { id: string; image: LocalImage; waitingReason: string }): void {
    const message = messageOf(error);
    this.#event('Warning', 'Failed', `Error: ${message}`);
    if (!(error instanceof ContainerStartError)) {
      const reason = error instanceof ContainerConfigError ? 'CreateContainerConfigError' : waitingReason;
      this.#update({ state: { waiting: { reason, message } } });
      return;
    }
    const now = apiTime(this.#options.services.clock.now());
    const terminated: TerminatedState = {
      exitCode: 128,
      reason: 'StartError',
      message,
      startedAt: '1970-01-01T00:00:00Z',
      finishedAt: now,
      containerID: `daruma://${id}`,
    };
    this.#update({
      state: { terminated },
      imageID: image.repoDigest,
      containerID: `daruma://${id}`,
      ready: false,
      started: false,
    });
  }

  async #supervise(current: Current): Promise<number> {
    const { running, ended, startedAt } = current;
    const watching = this.#watch(current).catch(error =>
      this.#options.services.logger.warn('probing stopped', { container: this.name, reason: messageOf(error) }),
    );
    const { code, signal } = await running.exit;
    ended.abort();
    await watching;
    this.#current = undefined;
    const terminated: TerminatedState = {
      exitCode: code,
      reason: code === 0 ? 'Completed' : 'Error',
      ...(await this.#terminationMessage(code)),
      startedAt: apiTime(startedAt),
      finishedAt: apiTime(this.#options.services.clock.now()),
      ...(this.#status.containerID ? { containerID: this.#status.containerID } : {}),
    };
    if (signal && this.#options.services.logger)
      this.#options.services.logger.debug('a container was ended by a signal', { container: this.name, signal });
    this.#update({ state: { terminated }, ready: this.#options.init && code === 0, started: false });
    await running
      .remove()
      .catch(error => this.#options.services.logger.warn('a container left files behind', { reason: messageOf(error) }));
    await rm(this.#runFolder(), { recursive: true, force: true }).catch(() => {});
    return code;
  }

  async #terminationMessage(code: number): Promise<{ message?: string }> {
    const written = await readFile(terminationLogPath(this.#runFolder()), 'utf8').catch(() => '');
    if (written !== '') return { message: written.slice(0, MESSAGE_LIMIT_BYTES) };
    if (code === 0 || this.#container.terminationMessagePolicy !== 'FallbackToLogsOnError') return {};
    const tail = await this.#log?.tail(80, 2048);
    return tail ? { message: tail } : {};
  }

  #runFolder(): string {
    return join(this.#options.folder, (this.#status.containerID ?? '').replace('daruma://', '').slice(0, 12));
  }

  /** Hook and probes, until the container ends. */
  async #watch(current: Current): Promise<void> {
    const { lifecycle, startupProbe, readinessProbe, livenessProbe } = this.#container;
    const { signal } = current.ended;
    const target = this.#target(current.running);
    if (lifecycle?.postStart) {
      const { success, output } = await Promise.race([runAction(lifecycle.postStart, target, this.#graceMs()), aborted(signal)]);
      if (!success && !signal.aborted) {
        this.#event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${output}`);
        return void this.#end(current, this.#graceMs());
      }
    }
    if (startupProbe && !signal.aborted) {
      let started = false;
      await this.#probe('startup', current, success => {
        started = success;
        if (!success) this.#failed('startup', current, startupProbe.terminationGracePeriodSeconds);
      });
      if (!started) return;
    }
    if (signal.aborted) return;
    this.#update({ started: true, ready: !readinessProbe });
    await Promise.all([
      readinessProbe ? this.#probe('readiness', current, ready => this.#update({ ready })) : undefined,
      livenessProbe
        ? this.#probe('liveness', current, success => {
            if (!success) this.#failed('liveness', current, livenessProbe.terminationGracePeriodSeconds);
          })
        : undefined,
    ]);
  }

  #probe(kind: 'liveness' | 'readiness' | 'startup', current: Current, onResult: (success: boolean) => void): Promise<void> {
    const probe = this.#container[`${kind}Probe`];
    if (!probe) return Promise.resolve();
    // While the container is being stopped for good, readiness alone is still asked.
    const signal = kind === 'readiness' ? current.ended.signal : AbortSignal.any([current.ended.signal, this.#stopped.signal]);
    const title = `${kind[0]?.toUpperCase()}${kind.slice(1)}`;
    return runProbe({
      kind,
      probe,
      target: this.#target(current.running),
      clock: this.#options.services.clock,
      signal,
      onResult,
      onFailure: output => this.#event('Warning', 'Unhealthy', `${title} probe failed: ${output}`),
    });
  }

  #failed(kind: string, current: Current, graceSeconds: number | undefined): void {
    this.#event('Normal', 'Killing', `Container ${this.name} failed ${kind} probe, will be restarted`);
    void this.#end(current, graceSeconds !== undefined ? graceSeconds * 1000 : this.#graceMs());
  }

  async #end({ running, ended }: Current, graceMs: number): Promise<void> {
    const { preStop } = this.#container.lifecycle ?? {};
    const deadline = performance.now() + graceMs;
    if (preStop && graceMs > 0) {
      const { success, output } = await Promise.race([runAction(preStop, this.#target(running), graceMs), aborted(ended.signal)]);
      if (!success && !ended.signal.aborted) this.#event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${output}`);
    }
    if (graceMs > 0) {
      const stopSignal = (this.#current?.image.stopSignal ?? 'SIGTERM') as NodeJS.Signals;
      running.signal(stopSignal.startsWith('SIG') ? stopSignal : 'SIGTERM');
      const left = Math.max(deadline - performance.now(), preStop ? MINIMUM_AFTER_HOOK_MS : 0);
      await this.#options.services.clock.sleep(left, { signal: ended.signal }).catch(() => {});
    }
    running.kill();
    await running.exit;
  }

  async #backOff(ranMs: number): Promise<void> {
    const { terminated } = this.#status.state;
    const waitMs = this.#backoff.afterRun(ranMs);
    const restarted = {
      lastState: terminated ? { terminated } : this.#status.lastState,
      restartCount: this.#status.restartCount + 1,
    };
    if (waitMs === 0) {
      this.#update({ ...restarted, state: { waiting: { reason: 'ContainerCreating' } } });
      await this.#dropOldLog();
      return;
    }
    const { name = '', namespace = '', uid = '' } = this.#options.pod().metadata;
    this.#event('Warning', 'BackOff', `Back-off restarting failed container ${this.name} in pod ${name}_${namespace}(${uid})`);
    const message = `back-off ${goDuration(waitMs)} restarting failed container=${this.name} pod=${name}_${namespace}(${uid})`;
    this.#update({ lastState: restarted.lastState, state: { waiting: { reason: 'CrashLoopBackOff', message } } });
    await this.#sleep(waitMs);
    if (this.#stopped.signal.aborted) {
      if (terminated) this.#update({ state: { terminated } });
      return;
    }
    this.#update({ restartCount: restarted.restartCount });
    await this.#dropOldLog();
  }

  /** The run before the last is kept for `kubectl logs --previous`, older ones are not. */
  async #dropOldLog(): Promise<void> {
    this.#log = undefined;
    const old = this.#logPath(this.#status.restartCount - 2);
    await Promise.all(['', '.1', '.2', '.3', '.4'].map(part => rm(old + part, { force: true })));
  }

  async #simulate(reason: string, image: LocalImage): Promise<void> {
    const { services, onSimulated } = this.#options;
    onSimulated(reason);
    this.#event('Warning', 'Simulated', `Container ${this.name} only pretends to run: ${reason}`);
    const startedAt = apiTime(services.clock.now());
    this.#update({
      state: { running: { startedAt } },
      imageID: image.repoDigest,
      containerID: `daruma://${randomBytes(32).toString('hex')}`,
      ready: true,
      started: true,
    });
    await aborted(this.#stopped.signal);
    this.#update({
      state: { terminated: { exitCode: 0, reason: 'Completed', startedAt, finishedAt: apiTime(services.clock.now()) } },
      ready: false,
      started: false,
    });
  }

  #markNeverStarted(): void {
    const { clock } = this.#options.services;
    if (this.#status.lastState.terminated && this.#status.state.waiting) {
      this.#update({ state: this.#status.lastState, lastState: {} });
      return;
    }
    const message = 'The container could not be located when the pod was terminated';
    const now = apiTime(clock.now());
    this.#update({
      state: { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message, finishedAt: now, startedAt: now } },
      ready: false,
      started: false,
    });
  }

  #target(running: RunningContainer): ActionTarget {
    const { services, facts } = this.#options;
    return { container: this.#container, running, podAddress: facts().podIP, hostEndpoint: services.network.hostEndpoint };
  }

  #graceMs(): number {
    return (this.#options.pod().spec.terminationGracePeriodSeconds ?? 30) * 1000;
  }

  #logPath(run: number): string {
    return join(this.#options.logFolder, this.name, `${run}.log`);
  }

  #sleep(ms: number): Promise<void> {
    return this.#options.services.clock.sleep(ms, { signal: this.#stopped.signal }).catch(() => {});
  }

  #update(change: Partial<ContainerStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onChange();
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    const { services, pod, init } = this.#options;
    services.events.record(pod(), { type, reason, message, container: this.name, init });
  }
}

/** The log of a run that has ended. */
export function endedLog(path: string): ContainerLog {
  const log = new ContainerLog(path);
  void log.end();
  return log;
}

function aborted(signal: AbortSignal): Promise<{ success: boolean; output: string }> {
  const result = { success: false, output: 'the container has ended' };
  if (signal.aborted) return Promise.resolve(result);
  return new Promise(resolve => signal.addEventListener('abort', () => resolve(result), { once: true }));
}
