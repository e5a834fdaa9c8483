// Chooses how containers run by trying it: user namespaces when a container really starts in them, plain processes otherwise.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf } from '../../../core/index.ts';
import type { ContainerRuntime } from './container-runtime.ts';
import { PlainRuntime } from './plain-runtime.ts';
import { UsernsRuntime } from './userns-runtime.ts';

const PROBE_TIMEOUT_MS = 10_000;

interface RuntimeChoice {
  wanted: 'auto' | 'userns' | 'plain';
  /** A folder to try in. */
  dataDir: string;
  shimPath: string;
  logger: Logger;
}

/** With `userns` the namespaces are used even when the trial failed, so that the reason shows in the pods. */
export async function chooseRuntime({ wanted, dataDir, shimPath, logger }: RuntimeChoice): Promise<ContainerRuntime> {
  if (wanted === 'plain') return new PlainRuntime();
  const userns = new UsernsRuntime();
  if (wanted === 'userns') return userns;
  const reason = process.platform === 'linux' ? await trial(userns, dataDir, shimPath) : 'user namespaces are of Linux';
  if (reason === undefined) return userns;
  logger.info('containers run as plain processes', { reason });
  return new PlainRuntime();
}

async function trial(runtime: UsernsRuntime, dataDir: string, shimPath: string): Promise<string | undefined> {
  await mkdir(dataDir, { recursive: true });
  const folder = await mkdtemp(join(dataDir, 'probe-'));
  try {
    await mkdir(join(folder, 'image'));
    const image = {
      digest: '',
      id: '',
      repoDigest: '',
      rootfs: join(folder, 'image'),
      os: 'linux',
      architecture: '',
      entrypoint: [],
      cmd: [],
      env: [],
      workingDir: '/',
      user: '',
      stopSignal: 'SIGTERM',
      hostNode: true,
      sizeBytes: 0,
    };
    const container = await runtime.start({
      image,
      folder: join(folder, 'container'),
      command: ['node', '--version'],
      env: {},
      networkEnv: () => ({}),
      shimPath,
      workingDir: '/',
      hostname: 'probe',
      mounts: [],
      files: {},
      readOnlyRoot: false,
    });
    let output = '';
    container.stdout.on('data', chunk => (output += String(chunk)));
    container.stderr.on('data', chunk => (output += String(chunk)));
    const timer = setTimeout(() => container.kill(), PROBE_TIMEOUT_MS);
    const { code } = await container.exit;
    clearTimeout(timer);
    await container.remove();
    return code === 0 && output.includes(process.version) ? undefined : output.trim().slice(0, 300) || `exit code ${code}`;
  } catch (error) {
    return messageOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
