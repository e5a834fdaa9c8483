// Containers in user, mount, PID, IPC and UTS namespaces without root: the image's files as root, an overlay for what is written, the host's
// Node bound in. The network stays the host's. The container's root user is the user who runs daruma.
import { chmod, lstat, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecOptions } from '../../pod-connector.ts';
import type { LocalImage } from '../images/index.ts';
import { type ContainerRequest, type ContainerRuntime, ContainerStartError, type RunningContainer } from './container-runtime.ts';
import { execSession } from './exec-session.ts';
import { findInFolders, isExecutable, notFoundMessage, platformObstacle } from './executables.ts';
import { spawnGuarded } from './guarded-process.ts';
import { HOST_FOLDERS, NODE_INSIDE, SHIM_INSIDE, setupScript, startedMark } from './userns-setup.ts';

const UNSHARE = ['unshare', '--user', '--map-root-user', '--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child', '--'];
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export class UsernsRuntime implements ContainerRuntime {
  readonly name = 'userns';

  async obstacle(image: LocalImage): Promise<string | undefined> {
    return image.hostNode ? undefined : platformObstacle(image);
  }

  async start(request: ContainerRequest): Promise<RunningContainer> {
    const { folder, image } = request;
    const env: Record<string, string> = { ...request.env, ...request.networkEnv(SHIM_INSIDE) };
    env['PATH'] = `${env['PATH'] ?? DEFAULT_PATH}:${posix.dirname(NODE_INSIDE)}`;
    const command = await resolveCommand(request, env['PATH']);
    for (const part of ['root', 'upper', 'work']) await mkdir(join(folder, part), { recursive: true });
    const root = join(folder, 'root');
    const script = join(folder, 'setup.sh');
    await writeFile(script, await setupScript(request, root), { mode: 0o700 });
    const started = await spawnGuarded({
      command: [...UNSHARE, '/bin/sh', script, ...command],
      cwd: folder,
      env,
      stdin: request.stdin ?? false,
    });
    const leader = new NamespaceLeader(started.pid, startedMark(folder));
    const exit = started.exit.then(async result => {
      await leader.ended();
      return result;
    });
    return {
      pid: started.pid,
      ...(started.stdin ? { stdin: started.stdin } : {}),
      stdout: started.stdout,
      stderr: started.stderr,
      exit,
      signal: signal => void leader.signal(signal),
      kill: () => started.killGroup(),
      exec: async (options: ExecOptions) => {
        const pid = await leader.pid();
        if (pid === undefined) throw new ContainerStartError('the container is not running');
        const inner = await resolveCommand({ ...request, command: options.command }, env['PATH'] ?? DEFAULT_PATH);
        const enter = [
          'nsenter',
          `--target=${pid}`,
          '--user',
          '--preserve-credentials',
          '--mount',
          '--pid',
          '--ipc',
          '--uts',
          '--root',
        ];
        return execSession(
          { command: [...enter, `--wd=/proc/${pid}/root${request.workingDir}`, '--', ...inner], cwd: '/', env },
          options,
        );
      },
      remove: async () => {
        // The overlay's own work folder has no permissions at all.
        await chmod(join(folder, 'work', 'work'), 0o700).catch(() => {});
        await rm(folder, { recursive: true, force: true });
      },
    };

    async function resolveCommand({ command: [program = '', ...args] }: { command: string[] }, path: string): Promise<string[]> {
      if (program.includes('/')) {
        const absolute = posix.resolve(request.workingDir, program);
        const shared = request.mounts.some(({ containerPath }) => absolute.startsWith(`${containerPath}/`));
        if (!shared && !(await existsInside(image, absolute))) throw new ContainerStartError(notFoundMessage(program));
        return [program, ...args];
      }
      const folders = path.split(':');
      const inside = await findInFolders(
        program,
        folders.map(part => image.rootfs + part),
      );
      const hosts = image.hostNode
        ? folders.filter(part => HOST_FOLDERS.some(host => part === host || part.startsWith(`${host}/`)))
        : [];
      if (inside ?? (await findInFolders(program, hosts))) {
        if (program !== 'node' || inside) return [program, ...args];
      }
      if (program === 'node') return [NODE_INSIDE, ...args];
      throw new ContainerStartError(notFoundMessage(program));
    }
  }
}

async function existsInside(image: LocalImage, path: string): Promise<boolean> {
  if (await lstat(image.rootfs + path).catch(() => undefined)) return true;
  if (path === NODE_INSIDE) return true;
  return image.hostNode && HOST_FOLDERS.some(host => path.startsWith(`${host}/`)) && (await isExecutable(path));
}

const SETUP_LIMIT_MS = 5_000;
const POLL_MS = 5;

/** The container's program: the child of the first process inside the namespaces, which is the child of the `unshare` that we started. */
class NamespaceLeader {
  readonly #outer: number;
  readonly #mark: string;
  #pid: number | undefined;
  #ended = false;

  constructor(outer: number, mark: string) {
    this.#outer = outer;
    this.#mark = mark;
  }

  /** Undefined when it has ended, or the setup takes too long. */
  async pid(): Promise<number | undefined> {
    const deadline = performance.now() + SETUP_LIMIT_MS;
    while (this.#pid === undefined && !this.#ended && performance.now() < deadline) {
      if (await stat(this.#mark).catch(() => undefined)) {
        const first = await childOf(this.#outer);
        this.#pid = first === undefined ? undefined : await childOf(first);
      }
      if (this.#pid === undefined) await delay(POLL_MS);
    }
    return this.#ended ? undefined : this.#pid;
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    const pid = await this.pid();
    try {
      if (pid !== undefined) process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }

  /** Called after the end of `unshare`: resolves when the program has let go of its ports too. */
  async ended(): Promise<void> {
    this.#ended = true;
    const deadline = performance.now() + SETUP_LIMIT_MS;
    while (this.#pid !== undefined && performance.now() < deadline && (await isAlive(this.#pid))) await delay(POLL_MS);
  }
}

async function childOf(pid: number): Promise<number | undefined> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const first = children.trim().split(/\s+/)[0];
  return first ? Number(first) : undefined;
}

/** A zombie has let go of everything. */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return text !== '' && !/\) [ZX] /.test(text);
}
