// Finds the program of a container's command, and tells what kind of file it is.
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';

async function isExecutable(path: string): Promise<boolean> {
  try {
    if (!(await stat(path)).isFile()) return false;
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first executable of this name in folders of hosts' paths. */
export async function findInFolders(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (await isExecutable(`${folder}/${name}`)) return `${folder}/${name}`;
  return undefined;
}

export { isExecutable };

/** True for an ELF program that needs a loader and shared libraries, which lie where its own image expects them. */
export async function isDynamicElf(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    if (bytesRead < 64 || buffer.readUInt32BE(0) !== 0x7f454c46 || buffer[4] !== 2) return false;
    const offset = Number(buffer.readBigUInt64LE(32));
    const size = buffer.readUInt16LE(54);
    const count = buffer.readUInt16LE(56);
    for (let i = 0; i < count && offset + (i + 1) * size <= bytesRead; i++)
      if (buffer.readUInt32LE(offset + i * size) === 3) return true;
    return false;
  } finally {
    await file.close();
  }
}

/** As runtimes word it. */
export function notFoundMessage(command: string): string {
  const reason = command.includes('/') ? `stat ${command}: no such file or directory` : 'executable file not found in $PATH';
  return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "${command}": ${reason}: unknown`;
}

/** Why an image for another system cannot run here. */
export function platformObstacle(image: { os: string; architecture: string }): string | undefined {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  if (image.os !== 'linux') return `the image is for ${image.os}`;
  // An image without programs of its own runs anywhere, and says so by leaving its architecture out.
  if (image.architecture && image.architecture !== architecture)
    return `the image is for ${image.architecture} and this machine is ${architecture}`;
  return undefined;
}
