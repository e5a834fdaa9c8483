// Logs, exec and port-forward of the pods that run here, for the API server.
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { DarumaError } from '../../core/index.ts';
import type { ClusterNetwork } from '../network/index.ts';
import type { ExecOptions, ExecSession, LogOptions, PodConnector, PodTarget } from '../pod-connector.ts';
import type { PodWorker } from './pod-worker.ts';
import { attachSession, ContainerStartError } from './runtime/index.ts';

export class PodStreams implements PodConnector {
  readonly #find: (namespace: string, name: string) => PodWorker | undefined;
  readonly #network: ClusterNetwork;

  constructor(find: (namespace: string, name: string) => PodWorker | undefined, network: ClusterNetwork) {
    this.#find = find;
    this.#network = network;
  }

  async *logs(target: PodTarget, options: LogOptions): AsyncIterable<Uint8Array> {
    const { worker, container } = this.#target(target);
    const log = worker.log(container, options.previous === true);
    if (!log) {
      if (options.previous)
        throw new DarumaError('INVALID_INPUT', `previous terminated container "${container}" in pod "${target.name}" not found`);
      const reason = worker.containerStatus(container)?.state.waiting?.reason ?? 'ContainerCreating';
      const why = /^(ErrImagePull|ImagePullBackOff)$/.test(reason) ? 'trying and failing to pull image' : reason;
      throw new DarumaError('INVALID_INPUT', `container "${container}" in pod "${target.name}" is waiting to start: ${why}`);
    }
    if (worker.simulated) return;
    yield* log.read(options);
  }

  async exec(target: PodTarget, options: ExecOptions): Promise<ExecSession> {
    const { worker, container } = this.#target(target);
    const running = worker.running(container);
    if (!running) throw new DarumaError('NOT_FOUND', `unable to upgrade connection: container not found ("${container}")`);
    if (options.command.length === 0) {
      const { containers, initContainers = [], ephemeralContainers = [] } = worker.pod.spec;
      const spec = [...containers, ...initContainers, ...ephemeralContainers].find(({ name }) => name === container);
      return attachSession(running, { stdin: options.stdin, once: spec?.stdinOnce === true });
    }
    try {
      return await running.exec(options);
    } catch (error) {
      if (error instanceof ContainerStartError) throw new DarumaError('INVALID_INPUT', error.message, { cause: error });
      throw error;
    }
  }

  async portForward(target: PodTarget, port: number): Promise<Duplex> {
    const { worker } = this.#target(target);
    if (!worker.address) throw new DarumaError('NOT_FOUND', `pod ${target.namespace}/${target.name} has no address yet`);
    const { host, port: hostPort } = this.#network.hostEndpoint(worker.address, port);
    return new Promise((resolve, reject) => {
      const socket = createConnection({ host, port: hostPort, noDelay: true, allowHalfOpen: true });
      socket.once('error', error =>
        reject(new DarumaError('NOT_FOUND', `dial tcp4 127.0.0.1:${port}: connect: connection refused`, { cause: error })),
      );
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        socket.on('error', () => socket.destroy());
        resolve(socket);
      });
    });
  }

  #target({ namespace, name, container }: PodTarget): { worker: PodWorker; container: string } {
    const worker = this.#find(namespace, name);
    if (!worker) throw new DarumaError('NOT_FOUND', `pod ${namespace}/${name} does not run on this node`);
    return { worker, container: container ?? worker.pod.spec.containers[0]?.name ?? '' };
  }
}
