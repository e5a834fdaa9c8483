// The child process that holds the embedded cluster. It ends when its appliance does, however that ended.
import { createWriteStream } from 'node:fs';
import { startCluster } from '../../platform/cluster/index.ts';
import { createLogger, DarumaError, messageOf } from '../../platform/core/index.ts';
import type { AuditedWrite } from '../../platform/gitops/index.ts';
import type { FromHost, ToHost } from './host-protocol.ts';

const SIMULATED_CHECK_MS = 2_000;

/** Runs until told to stop or until the channel to the parent closes. */
export async function runClusterHost(): Promise<void> {
  const send = (message: FromHost) => {
    if (process.connected) process.send?.(message);
  };
  const stopping = new AbortController();
  process.on('disconnect', () => stopping.abort());
  // A terminal sends Ctrl-C to the whole group; the appliance decides when its cluster stops.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => stopping.abort());
  const start = await new Promise<Extract<ToHost, { type: 'start' }>>(resolve => {
    process.on('message', (message: ToHost) => {
      if (message.type === 'start') resolve(message);
      else stopping.abort();
    });
  });
  const logFile = createWriteStream(start.logFile, { flags: 'a', mode: 0o600 });
  const logger = createLogger(line => void logFile.write(`${line}\n`), { subsystem: 'cluster' });
  process.on('unhandledRejection', error => logger.error('unhandled rejection', { error, stack: (error as Error)?.stack }));
  try {
    await using cluster = await startCluster({
      dataDir: start.dataDir,
      port: start.port,
      ingressPort: start.ingressPort,
      registry: start.registry,
      logger,
    });
    forwardAudit(
      writes => send({ type: 'audit', writes }),
      listener => cluster.audit.follow(listener, { signal: stopping.signal }),
    );
    send({
      type: 'ready',
      url: cluster.url,
      kubeconfigPath: cluster.kubeconfigPath,
      ingressPort: cluster.ingressPort ?? start.ingressPort,
    });
    const timer = watchSimulated(
      () => cluster.simulatedPods(),
      pods => send({ type: 'simulated', pods }),
    );
    if (!stopping.signal.aborted)
      await new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true }));
    clearInterval(timer);
  } catch (error) {
    logger.error('the cluster did not start', { error, stack: (error as Error).stack });
    const known = error instanceof DarumaError ? error : undefined;
    send({
      type: 'failed',
      code: known?.code ?? 'KUBERNETES_UNREACHABLE',
      message: messageOf(error),
      ...(known?.hint ? { hint: known.hint } : {}),
    });
    process.exitCode = 1;
  }
  if (process.connected) process.disconnect();
  setTimeout(() => process.exit(), 2_000).unref();
}

/** Audited writes go in small batches: one message for what one turn of the event loop brought. */
function forwardAudit(send: (writes: AuditedWrite[]) => void, follow: (listener: (write: AuditedWrite) => void) => void): void {
  let pending: AuditedWrite[] = [];
  follow(write => {
    if (pending.push(write) > 1) return;
    setImmediate(() => {
      send(pending);
      pending = [];
    });
  });
}

function watchSimulated(read: () => string[], send: (pods: string[]) => void): NodeJS.Timeout {
  let last = '';
  const timer = setInterval(() => {
    const pods = read();
    if (pods.join() === last) return;
    last = pods.join();
    send(pods);
  }, SIMULATED_CHECK_MS);
  timer.unref();
  return timer;
}
