// Containers as plain processes: a copy of the image's files in a folder, container paths in command, arguments and mounts become host paths.
// Limits: an absolute path inside the program's own code means the host's file system, and programs of other languages share the host's ports.
import { constants } from 'node:fs';
import { cp, lstat, mkdir, rm, symlink } from 'node:fs/promises';
import { delimiter, dirname, join, posix } from 'node:path';
import type { ExecOptions } from '../../pod-connector.ts';
import type { LocalImage } from '../images/index.ts';
import { type ContainerRequest, type ContainerRuntime, ContainerStartError, type RunningContainer } from './container-runtime.ts';
import { execSession } from './exec-session.ts';
import { findInFolders, isDynamicElf, isExecutable, notFoundMessage, platformObstacle } from './executables.ts';
import { spawnGuarded } from './guarded-process.ts';

interface Place {
  rootfs: string;
  mounts: { hostPath: string; containerPath: string }[];
}

export class PlainRuntime implements ContainerRuntime {
  readonly name = 'plain';

  async obstacle(image: LocalImage, command: string[]): Promise<string | undefined> {
    const platform = image.hostNode ? undefined : platformObstacle(image);
    if (platform) return platform;
    const program = command[0];
    if (!program || posix.basename(program) === 'node') return undefined;
    const folders = pathOf(image.env).map(folder => image.rootfs + folder);
    const found = program.includes('/')
      ? image.rootfs + posix.resolve(image.workingDir, program)
      : await findInFolders(program, folders);
    if (found && (await isDynamicElf(found)))
      return `${program} needs its image's own libraries, which plain processes do not have`;
    return undefined;
  }

  async start(request: ContainerRequest): Promise<RunningContainer> {
    const rootfs = join(request.folder, 'rootfs');
    await cp(request.image.rootfs, rootfs, { recursive: true, verbatimSymlinks: true, mode: constants.COPYFILE_FICLONE });
    const place: Place = { rootfs, mounts: [...request.mounts].sort((a, b) => b.containerPath.length - a.containerPath.length) };
    for (const mount of [...place.mounts].reverse()) await linkMount(rootfs, mount);
    const cwd = (await hostPath(place, request.workingDir)) ?? join(rootfs, request.workingDir);
    await mkdir(cwd, { recursive: true });
    const env = { ...mapValues(place, request.env), ...request.networkEnv(request.shimPath) };
    env['PATH'] = this.#path(place, env['PATH']);
    const command = await this.#command(place, { command: request.command, path: env['PATH'], cwd });
    const started = await spawnGuarded({ command, cwd, env, stdin: request.stdin ?? false });
    return {
      pid: started.pid,
      ...(started.stdin ? { stdin: started.stdin } : {}),
      stdout: started.stdout,
      stderr: started.stderr,
      exit: started.exit,
      signal: signal => {
        try {
          process.kill(started.pid, signal);
        } catch {
          // It has ended.
        }
      },
      kill: () => started.killGroup(),
      exec: async (options: ExecOptions) => {
        const inner = await this.#command(place, { command: options.command, path: env['PATH'] ?? '', cwd });
        return execSession({ command: inner, cwd, env }, options);
      },
      remove: () => rm(request.folder, { recursive: true, force: true }),
    };
  }

  #path({ rootfs }: Place, path = ''): string {
    const own = path.split(':').filter(folder => folder.startsWith('/'));
    const host = (process.env['PATH'] ?? '').split(delimiter);
    return [...own.map(folder => rootfs + folder), ...own, ...host, dirname(process.execPath)].join(':');
  }

  async #command(place: Place, { command, path, cwd }: { command: string[]; path: string; cwd: string }): Promise<string[]> {
    const [program = '', ...args] = command;
    const mapped = await Promise.all(args.map(argument => mapArgument(place, argument)));
    if (posix.basename(program) === 'node') return [process.execPath, ...mapped];
    if (!program.includes('/')) {
      const found = await findInFolders(program, path.split(':'));
      if (!found) throw new ContainerStartError(notFoundMessage(program));
      return [found, ...mapped];
    }
    const inside = program.startsWith('/') ? ((await hostPath(place, program)) ?? program) : join(cwd, program);
    if (!(await isExecutable(inside))) throw new ContainerStartError(notFoundMessage(program));
    return [inside, ...mapped];
  }
}

function pathOf(env: readonly string[]): string[] {
  const path =
    env.find(entry => entry.startsWith('PATH='))?.slice('PATH='.length) ??
    '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return path.split(':').filter(folder => folder.startsWith('/'));
}

/** The mount as a link in the container's files, so that relative paths find it. */
async function linkMount(rootfs: string, { hostPath: target, containerPath }: Place['mounts'][number]): Promise<void> {
  const link = join(rootfs, containerPath);
  await mkdir(dirname(link), { recursive: true });
  await rm(link, { recursive: true, force: true });
  await symlink(target, link);
}

function mountedPath({ mounts }: Place, path: string): string | undefined {
  for (const { containerPath, hostPath: target } of mounts) {
    if (path === containerPath) return target;
    if (path.startsWith(`${containerPath}/`)) return target + path.slice(containerPath.length);
  }
  return undefined;
}

/** Where a container's absolute path is on the host; undefined when neither a mount nor the image holds it. */
async function hostPath(place: Place, path: string): Promise<string | undefined> {
  const normal = posix.normalize(path);
  const mounted = mountedPath(place, normal);
  if (mounted) return mounted;
  const inside = join(place.rootfs, normal);
  return (await lstat(inside).catch(() => undefined)) ? inside : undefined;
}

async function mapArgument(place: Place, argument: string): Promise<string> {
  const [, flag = '', path = ''] = /^(-[\w-]*=)?(\/.*)$/s.exec(argument) ?? [];
  if (path === '' || path === '/') return argument;
  return flag + ((await hostPath(place, path)) ?? path);
}

function mapValues(place: Place, env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.startsWith('/') && name !== 'PATH' ? (mountedPath(place, value) ?? value) : value,
    ]),
  );
}
