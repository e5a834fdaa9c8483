// Looks at this machine: what works, what is missing, and what that means.
import { lookup } from 'node:dns/promises';
import { constants } from 'node:fs';
import { access, mkdir, readFile, statfs } from 'node:fs/promises';
import { release } from 'node:os';
import { execa } from 'execa';
import { DarumaError, type HomePaths, messageOf } from '../platform/core/index.ts';
import { checkGit } from '../platform/git/index.ts';
import { ContainerTools } from './clusters/container-tools.ts';

export interface DoctorCheck {
  name: string;
  /** `warn`: something works less well or not at all, but the platform runs. */
  state: 'ok' | 'warn' | 'fail';
  detail: string;
  hint?: string;
}

const LEAST_FREE_BYTES = 500_000_000;
/** kind's own advice for several nodes (kind.sigs.k8s.io, Known Issues). */
const LEAST_INOTIFY_INSTANCES = 512;

export async function examine(paths: HomePaths): Promise<DoctorCheck[]> {
  return Promise.all([node(), git(), home(paths), disk(paths), names(), namespaces(), docker(), kind(), kubectl(), isolation()]);
}

async function node(): Promise<DoctorCheck> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fits = major > 20 || (major === 20 && minor >= 19);
  return {
    name: 'node',
    state: fits ? 'ok' : 'fail',
    detail: `${process.version} on ${process.platform} ${release().split('.', 2).join('.')}`,
    ...(fits ? {} : { hint: 'install Node 20.19 or newer' }),
  };
}

async function git(): Promise<DoctorCheck> {
  try {
    return { name: 'git', state: 'ok', detail: String((await checkGit()) ?? 'found') };
  } catch (error) {
    const hint = error instanceof DarumaError ? error.hint : undefined;
    return { name: 'git', state: 'fail', detail: messageOf(error), ...(hint ? { hint } : {}) };
  }
}

async function home(paths: HomePaths): Promise<DoctorCheck> {
  try {
    await mkdir(paths.root, { recursive: true, mode: 0o700 });
    await access(paths.root, constants.W_OK);
    return { name: 'home', state: 'ok', detail: `${paths.root} can be written` };
  } catch (error) {
    return { name: 'home', state: 'fail', detail: messageOf(error), hint: 'choose another with --home or DARUMA_HOME' };
  }
}

async function disk(paths: HomePaths): Promise<DoctorCheck> {
  const { bavail, bsize } = await statfs(paths.root).catch(() => statfs('/'));
  const free = bavail * bsize;
  const text = `${(free / 1e9).toFixed(1)} GB free`;
  return free > LEAST_FREE_BYTES
    ? { name: 'disk', state: 'ok', detail: text }
    : { name: 'disk', state: 'warn', detail: text, hint: 'free at least 0.5 GB' };
}

async function names(): Promise<DoctorCheck> {
  const name = 'demo.dev.localhost';
  try {
    const { address } = await lookup(name);
    return { name: 'names', state: 'ok', detail: `${name} is ${address} for every program` };
  } catch {
    return {
      name: 'names',
      state: 'warn',
      detail: `${name} is not resolved by this system's library`,
      hint: 'browsers and curl resolve it themselves; other programs: connect to 127.0.0.1 with the Host header',
    };
  }
}

async function namespaces(): Promise<DoctorCheck> {
  if (process.platform !== 'linux')
    return {
      name: 'pods',
      state: 'warn',
      detail: 'pods run as plain processes on this system',
      hint: 'Linux also gives them file systems of their own',
    };
  const { exitCode } = await execa(
    'unshare',
    ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--kill-child', 'true'],
    { reject: false, timeout: 5_000 },
  );
  return exitCode === 0
    ? { name: 'pods', state: 'ok', detail: 'user namespaces are there: pods get file systems of their own' }
    : { name: 'pods', state: 'warn', detail: 'user namespaces are not to be had: pods run as plain processes' };
}

async function docker(): Promise<DoctorCheck> {
  const { exitCode, stdout } = await execa('docker', ['info', '--format', '{{.ServerVersion}}'], {
    reject: false,
    timeout: 5_000,
  });
  return exitCode === 0
    ? { name: 'docker', state: 'ok', detail: `server ${stdout.trim()}` }
    : { name: 'docker', state: 'ok', detail: 'no server answers; only --cluster kind needs one' };
}

async function kind(): Promise<DoctorCheck> {
  try {
    const { runtime, kindVersion } = await ContainerTools.find();
    const instances = Number(await readFile('/proc/sys/fs/inotify/max_user_instances', 'utf8').catch(() => 'NaN'));
    const found = `kind ${kindVersion} with ${runtime}: --cluster kind can be used`;
    return instances < LEAST_INOTIFY_INSTANCES
      ? {
          name: 'kind',
          state: 'ok',
          detail: `${found}; nodes share ${instances} inotify instances, which is enough for one or two`,
          hint: 'sysctl fs.inotify.max_user_instances=512',
        }
      : { name: 'kind', state: 'ok', detail: found };
  } catch (error) {
    const hint = error instanceof DarumaError ? error.hint : undefined;
    return {
      name: 'kind',
      state: 'ok',
      detail: `${messageOf(error)}; only --cluster kind needs it`,
      ...(hint ? { hint } : {}),
    };
  }
}

async function kubectl(): Promise<DoctorCheck> {
  const { exitCode, stdout } = await execa('kubectl', ['version', '--client', '-o', 'json'], { reject: false, timeout: 5_000 });
  if (exitCode !== 0) return { name: 'kubectl', state: 'ok', detail: 'not installed; daruma does not need it' };
  const version = /"gitVersion":\s*"([^"]+)"/.exec(stdout)?.[1] ?? 'found';
  return { name: 'kubectl', state: 'ok', detail: version };
}

async function isolation(): Promise<DoctorCheck> {
  return { name: 'isolation', state: 'ok', detail: 'pods of the embedded cluster are processes of yours: no security boundary' };
}
