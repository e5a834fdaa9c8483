// Starts an appliance as a process of its own and follows its progress, for `up --detach`, the terminal UI and the tour.
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlatformStatus } from '../platform/api/index.ts';
import { assetPath, DarumaError, type ErrorCode, homePaths } from '../platform/core/index.ts';
import type { StepReport } from './appliance.ts';
import type { ProviderName } from './config.ts';
import type { Ports } from './ports.ts';

/** What the appliance's process is told and tells, over its channel. */
export interface UpRequest {
  home: string;
  name: string;
  provider?: ProviderName;
  providerOptions: Record<string, string>;
  ports: Partial<Ports>;
}

export type FromAppliance =
  | { type: 'step'; report: StepReport }
  | { type: 'ready'; status: PlatformStatus }
  | { type: 'failed'; code: ErrorCode; message: string; hint?: string };

/** Resolves when the platform is up; it goes on running after this process. @throws DarumaError as `startAppliance` */
export async function bringUp(
  request: UpRequest,
  { onStep, signal }: { onStep: (report: StepReport) => void; signal?: AbortSignal },
): Promise<PlatformStatus> {
  const { logs, root } = homePaths(request.home);
  await mkdir(logs, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new DarumaError('HOME_NOT_WRITABLE', `the home folder ${root} cannot be written: ${(error as Error).message}`, {
      hint: 'choose another with --home or DARUMA_HOME',
      cause: error,
    });
  });
  const output = openSync(join(logs, 'output.log'), 'a', 0o600);
  const child = spawn(process.execPath, [assetPath('dist/daruma.js'), 'up', '--home', request.home], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, DARUMA_APPLIANCE: '1' },
  });
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    child.send(request);
    return await untilReady(child, onStep);
  } finally {
    signal?.removeEventListener('abort', stop);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

function untilReady(child: ChildProcess, onStep: (report: StepReport) => void): Promise<PlatformStatus> {
  return new Promise((resolve, reject) => {
    child.on('message', (message: FromAppliance) => {
      switch (message.type) {
        case 'step':
          return onStep(message.report);
        case 'ready':
          return resolve(message.status);
        case 'failed':
          return reject(new DarumaError(message.code, message.message, message.hint ? { hint: message.hint } : {}));
      }
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(
        new DarumaError('INTERRUPTED', `the platform ended before it was up (${signal ?? `exit code ${code}`})`, {
          hint: 'daruma logs',
        }),
      ),
    );
  });
}
