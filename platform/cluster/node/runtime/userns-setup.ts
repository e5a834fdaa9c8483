// The script that builds a container's root inside fresh namespaces and then runs the container's command there.
import { lstat, readlink } from 'node:fs/promises';
import { join, posix } from 'node:path';
import type { ContainerMount, ContainerRequest } from './container-runtime.ts';

/** Given by the host to images that expect its Node, where the image has none of its own. */
export const HOST_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/lib32'];
export const NODE_INSIDE = '/.daruma/bin/node';
export const SHIM_INSIDE = '/.daruma/network-shim.cjs';

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bind(source: string, target: string, { folder, readOnly }: { folder: boolean; readOnly: boolean }): string[] {
  const [from, to] = [quote(source), quote(target)];
  return [
    folder ? `mkdir -p ${to}` : `mkdir -p ${quote(posix.dirname(target))}; [ -e ${to} ] || : > ${to}`,
    `mount --${folder ? 'rbind' : 'bind'} ${from} ${to}`,
    ...(readOnly
      ? [`mount -o remount,bind,ro ${to} 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev,noexec ${to} 2>/dev/null || :`]
      : []),
  ];
}

async function hostFolders(rootfs: string, root: string): Promise<string[]> {
  const lines: string[] = [];
  for (const folder of HOST_FOLDERS) {
    if (await lstat(rootfs + folder).catch(() => undefined)) continue;
    const host = await lstat(folder).catch(() => undefined);
    if (host?.isSymbolicLink()) lines.push(`ln -s ${quote(await readlink(folder))} ${quote(root + folder)}`);
    else if (host) lines.push(...bind(folder, root + folder, { folder: true, readOnly: true }));
  }
  return lines;
}

async function mountLines({ hostPath, containerPath, readOnly }: ContainerMount, root: string): Promise<string[]> {
  const folder = (await lstat(hostPath)).isDirectory();
  return bind(hostPath, join(root, containerPath), { folder, readOnly });
}

/** Appears when the root is built and the command is about to run. */
export function startedMark(folder: string): string {
  return join(folder, 'started');
}

/** Run by `sh` with the command as its arguments, as root of its own user namespace. */
export async function setupScript(request: ContainerRequest, root: string): Promise<string> {
  const { image, folder } = request;
  const at = quote(root);
  const overlay = `lowerdir=${image.rootfs},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')},userxattr`;
  const mounts = [...request.mounts].sort((a, b) => a.containerPath.length - b.containerPath.length);
  const lines = [
    'set -e',
    'PATH_INSIDE=$PATH; PATH=/usr/sbin:/usr/bin:/sbin:/bin',
    `mount -t overlay overlay -o ${quote(overlay)} ${at} 2>/dev/null || { cp -a ${quote(image.rootfs)}/. ${at}/; mount --bind ${at} ${at}; }`,
    `mkdir -p ${['proc', 'dev', 'sys', 'tmp', 'etc', '.daruma/bin'].map(name => quote(join(root, name))).join(' ')}`,
    `mount -t proc proc ${quote(join(root, 'proc'))}`,
    `mount -t tmpfs -o mode=755,size=1m tmpfs ${quote(join(root, 'dev'))}`,
    `mkdir ${quote(join(root, 'dev/pts'))} ${quote(join(root, 'dev/shm'))}`,
    ...DEVICES.map(name => `: > ${quote(join(root, 'dev', name))}; mount --bind /dev/${name} ${quote(join(root, 'dev', name))}`),
    `mount --rbind /dev/pts ${quote(join(root, 'dev/pts'))} 2>/dev/null || :`,
    `mount -t tmpfs -o mode=1777 shm ${quote(join(root, 'dev/shm'))}`,
    `ln -s /proc/self/fd ${quote(join(root, 'dev/fd'))}; ln -s /proc/self/fd/0 ${quote(join(root, 'dev/stdin'))}`,
    `ln -s /proc/self/fd/1 ${quote(join(root, 'dev/stdout'))}; ln -s /proc/self/fd/2 ${quote(join(root, 'dev/stderr'))}`,
    `mount --rbind /sys ${quote(join(root, 'sys'))} 2>/dev/null || :`,
    ...(image.hostNode ? await hostFolders(image.rootfs, root) : []),
    ...bind(process.execPath, root + NODE_INSIDE, { folder: false, readOnly: true }),
    ...bind(request.shimPath, root + SHIM_INSIDE, { folder: false, readOnly: true }),
    ...(await Promise.all(mounts.map(mount => mountLines(mount, root)))).flat(),
    ...Object.entries(request.files).map(([path, content]) => `printf %s ${quote(content)} > ${quote(join(root, path))}`),
    `echo ${quote(request.hostname)} > /proc/sys/kernel/hostname 2>/dev/null || :`,
    `mkdir -p ${quote(join(root, request.workingDir))}`,
    ...(request.readOnlyRoot ? [`mount -o remount,bind,ro ${at}`] : []),
    'UNSHARE=$(command -v unshare); PATH=$PATH_INSIDE; set +e',
    `: > ${quote(startedMark(folder))}`,
    // The shell stays as the first process: it reaps orphans, and signals mean to the program what they mean everywhere.
    `"$UNSHARE" --root=${at} --wd=${quote(request.workingDir)} -- "$@"`,
    'exit $?',
  ];
  return `${lines.join('\n')}\n`;
}
