// The default provider: daruma's own Kubernetes in a child process, restarted when it dies.
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  assetPath,
  DarumaError,
  type HomePaths,
  type Logger,
  readFileIfExists,
  writeFileAtomic,
} from '../../platform/core/index.ts';
import type { AuditedWrite } from '../../platform/gitops/index.ts';
import { endProcess, identityOf, type ProcessIdentity } from '../process-identity.ts';
import type { ClusterProvider, StartedCluster } from './cluster-provider.ts';
import type { FromHost, HostRegistry, ToHost } from './host-protocol.ts';

const STOP_GRACE_MS = 15_000;
const RESTART_DELAY_MS = 200;

export interface EmbeddedOptions {
  paths: HomePaths;
  port: number;
  ingressPort: number;
  registry: () => HostRegistry;
  logger: Logger;
}

export class EmbeddedProvider implements ClusterProvider {
  readonly name = 'embedded';
  readonly imageBase = 'host-node';
  readonly #options: EmbeddedOptions;
  #current: EmbeddedHost | undefined;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async start(_options: { signal: AbortSignal }): Promise<StartedCluster> {
    const host = new EmbeddedHost(this.#options);
    await host.start();
    this.#current = host;
    return host;
  }

  async destroy(): Promise<void> {
    await this.#current?.[Symbol.asyncDispose]();
    this.#current = undefined;
    await endLeftoverHost(this.#options.paths);
    await rm(this.#options.paths.cluster, { recursive: true, force: true });
  }
}

class EmbeddedHost implements StartedCluster {
  readonly description = 'embedded · Kubernetes 1.34 API';
  readonly #options: EmbeddedOptions;
  readonly #listeners = new Set<(write: AuditedWrite) => void>();
  #child: ChildProcess | undefined;
  #stopping = false;
  #simulated: string[] = [];
  kubeconfigPath = '';
  ingressPort: number;

  readonly audit = {
    follow: (listener: (write: AuditedWrite) => void, { signal }: { signal: AbortSignal }) => {
      this.#listeners.add(listener);
      signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true });
    },
  };

  constructor(options: EmbeddedOptions) {
    this.#options = options;
    this.ingressPort = options.ingressPort;
  }

  simulatedPods(): string[] {
    return this.#simulated;
  }

  async start(): Promise<void> {
    const { paths, port, ingressPort, registry, logger } = this.#options;
    await endLeftoverHost(paths);
    const child = fork(assetPath('dist/daruma.js'), ['cluster', 'host'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) =>
      logger.warn('cluster host wrote to its error output', { text: chunk.toString('utf8').trim() }),
    );
    if (child.pid) await writeFileAtomic(recordPath(paths), JSON.stringify(await identityOf(child.pid)));
    const ready = new Promise<Extract<FromHost, { type: 'ready' }>>((resolve, reject) => {
      child.on('message', (message: FromHost) => {
        switch (message.type) {
          case 'ready':
            return resolve(message);
          case 'failed':
            return reject(new DarumaError(message.code, message.message, { ...(message.hint ? { hint: message.hint } : {}) }));
          case 'audit':
            for (const write of message.writes) for (const listener of this.#listeners) listener(write);
            return;
          case 'simulated':
            this.#simulated = message.pods;
        }
      });
      child.once('exit', (code, signal) =>
        reject(
          new DarumaError(
            'KUBERNETES_UNREACHABLE',
            `the cluster host ended before it was ready (${signal ?? `exit code ${code}`})`,
            { hint: 'daruma logs cluster' },
          ),
        ),
      );
    });
    const start: ToHost = {
      type: 'start',
      dataDir: paths.cluster,
      port,
      ingressPort,
      registry: registry(),
      logFile: join(paths.logs, 'cluster.log'),
    };
    child.send(start);
    const { kubeconfigPath, ingressPort: bound } = await ready;
    this.kubeconfigPath = kubeconfigPath;
    this.ingressPort = bound;
    child.once('exit', (code, signal) => void this.#restart(code, signal));
  }

  async #restart(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const { logger } = this.#options;
    while (!this.#stopping) {
      logger.warn('the cluster host ended and is started again', { code, signal });
      await new Promise(resolve => setTimeout(resolve, RESTART_DELAY_MS));
      if (this.#stopping) return;
      try {
        return await this.start();
      } catch (error) {
        logger.error('the cluster host did not start again', { error });
        await new Promise(resolve => setTimeout(resolve, 2_000));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child?.pid && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise(resolve => child.once('exit', resolve));
      if (child.connected) child.send({ type: 'stop' } satisfies ToHost);
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
      await ended;
      clearTimeout(kill);
    }
    await rm(recordPath(this.#options.paths), { force: true });
  }
}

function recordPath(paths: HomePaths): string {
  return join(paths.root, 'cluster-host.json');
}

/** A host whose appliance was killed ends by itself; this waits for it, so that its ports and its store are free. */
export async function endLeftoverHost(paths: HomePaths): Promise<void> {
  const text = await readFileIfExists(recordPath(paths));
  if (text === undefined) return;
  try {
    await endProcess(JSON.parse(text) as ProcessIdentity, { graceMs: 5_000 });
  } catch {
    // A torn record names nobody.
  }
  await rm(recordPath(paths), { force: true });
}
