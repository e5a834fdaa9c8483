// `daruma up`: the platform in the foreground, or left running with --detach.
import { resolve } from 'node:path';
import type { PlatformStatus } from '../../platform/api/index.ts';
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import { startAppliance } from '../appliance.ts';
import { bringUp, type FromAppliance, type UpRequest } from '../bring-up.ts';
import { homeFolder, type ProviderName } from '../config.ts';
import type { PortName, Ports } from '../ports.ts';
import { connect, findAppliance, type GlobalOptions, pathsOf } from './connect.ts';
import { mark, paint, print, printJson } from './output.ts';
import { progressPrinter } from './progress.ts';
import { statusText } from './status.ts';

export interface UpOptions extends GlobalOptions {
  detach?: boolean;
  json?: boolean;
  cluster?: ProviderName;
  image?: string;
  nodes?: number;
  kindConfig?: string;
  port?: number;
  gitPort?: number;
  registryPort?: number;
  ingressPort?: number;
  clusterPort?: number;
}

export async function run(options: UpOptions): Promise<number | void> {
  if (process.env['DARUMA_APPLIANCE'] === '1' && process.send) return runAppliance();
  const request = upRequest(options);
  const running = await findAppliance(pathsOf(options));
  if (running && options.detach) {
    const { api } = await connect(options);
    return show(await api.status(), { json: options.json ?? false, already: true });
  }
  const onStep = options.json ? () => {} : progressPrinter();
  if (options.detach) return show(await bringUp(request, { onStep }), { json: options.json ?? false });

  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // The second time it ends at once; the next start mends what that leaves.
      if (stopping.signal.aborted) process.exit(1);
      stopping.abort(new DarumaError('INTERRUPTED', `stopped by ${signal}`));
    });
  }
  guardProcess();
  const appliance = await startAppliance({ ...request, onStep, signal: stopping.signal });
  show(await appliance.status(), { json: options.json ?? false });
  if (!options.json) print(paint('dim', '\nCtrl-C stops it.'));
  await Promise.race([
    appliance.stopRequested,
    new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true })),
  ]);
  await appliance[Symbol.asyncDispose]();
  process.exit(0);
}

export function upRequest(options: UpOptions): UpRequest {
  const asked: Partial<Record<PortName, number | undefined>> = {
    api: options.port,
    git: options.gitPort,
    registry: options.registryPort,
    ingress: options.ingressPort,
    cluster: options.clusterPort,
  };
  const ports = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Partial<Ports>;
  const given = {
    image: options.image,
    nodes: options.nodes?.toString(),
    config: options.kindConfig && resolve(options.kindConfig),
  };
  return {
    home: homeFolder(options),
    name: options.name ?? 'local',
    ...(options.cluster ? { provider: options.cluster } : {}),
    providerOptions: Object.fromEntries(
      Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    ports,
  };
}

/** The other end of `bringUp`: takes its request from the channel and outlives it. */
async function runAppliance(): Promise<void> {
  const send = (message: FromAppliance) => {
    if (process.connected) process.send?.(message);
  };
  const request = await new Promise<UpRequest>(resolve => process.once('message', message => resolve(message as UpRequest)));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => stopping.abort(new DarumaError('INTERRUPTED', `stopped by ${signal}`)));
  guardProcess();
  try {
    const appliance = await startAppliance({
      ...request,
      onStep: report => send({ type: 'step', report }),
      signal: stopping.signal,
    });
    send({ type: 'ready', status: await appliance.status() });
    await Promise.race([
      appliance.stopRequested,
      new Promise(resolve => stopping.signal.addEventListener('abort', resolve, { once: true })),
    ]);
    await appliance[Symbol.asyncDispose]();
    process.exit(0);
  } catch (error) {
    const known = error instanceof DarumaError ? error : undefined;
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    send({
      type: 'failed',
      code: known?.code ?? 'INTERRUPTED',
      message: messageOf(error),
      ...(known?.hint ? { hint: known.hint } : {}),
    });
    if (process.connected) process.disconnect();
    process.exit(1);
  }
}

/** A defect in one request must not end the platform; it is written down. */
function guardProcess(): void {
  process.on('unhandledRejection', error =>
    process.stderr.write(
      `${new Date().toISOString()} unhandled rejection: ${error instanceof Error ? error.stack : String(error)}\n`,
    ),
  );
}

function show(status: PlatformStatus, { json, already = false }: { json: boolean; already?: boolean }): void {
  if (json) return printJson(status);
  print(`${already ? `${mark.done()} it runs already\n` : ''}\n${statusText(status)}`);
  print(`\n  ${paint('dim', 'credentials')}  daruma credentials lead`);
  print(
    `  ${paint('dim', 'next')}         daruma ui · daruma tour · git clone ${status.git.url}/demo-app.git · kubectl --kubeconfig ${status.kubeconfig} get pods -A`,
  );
}
