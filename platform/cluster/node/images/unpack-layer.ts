// Applies an image layer to a root file system (OCI image-spec, layer.md: whiteouts), never touching anything outside of it.
import { constants, createReadStream } from 'node:fs';
import { chmod, link, lstat, mkdir, open, readdir, readlink, rm, symlink, utimes } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { DarumaError } from '../../../core/index.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const MAX_LINKS = 64;

/** The path inside `root` that a path of the image means when every symlink on the way is followed within the root. The last part is not followed. */
export async function resolveInRoot(root: string, path: string): Promise<string> {
  let rest = posix
    .normalize(`/${path}`)
    .split('/')
    .filter(part => part !== '');
  const resolved: string[] = [];
  let links = 0;
  while (rest.length > 0) {
    const part = rest.shift() ?? '';
    if (part === '.') continue;
    if (part === '..') {
      resolved.pop();
      continue;
    }
    const here = [root, ...resolved, part].join('/');
    const stat = rest.length > 0 ? await lstatIfExists(here) : undefined;
    if (!stat?.isSymbolicLink()) {
      resolved.push(part);
      continue;
    }
    if (++links > MAX_LINKS) throw new DarumaError('IMAGE_INVALID', `too many symbolic links at ${path}`);
    const target = await readlink(here);
    if (target.startsWith('/')) resolved.length = 0;
    rest = [...target.split('/').filter(step => step !== ''), ...rest];
  }
  return [root, ...resolved].join('/');
}

async function lstatIfExists(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

async function ensureFolder(path: string, root: string): Promise<void> {
  if (path === root) return;
  const stat = await lstatIfExists(path);
  if (stat?.isDirectory()) return;
  if (stat) await rm(path, { force: true });
  await ensureFolder(posix.dirname(path), root);
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Unpacks the layer in the file `layer` (tar, gzip or, where Node has it, zstd by its first bytes) over `root`. Owners and devices are left out. */
export async function unpackLayer(layer: string, root: string, { signal }: { signal: AbortSignal }): Promise<void> {
  const untar = extract();
  const folders: { path: string; mtime: Date | undefined; mode: number }[] = [];
  const added = new Set<string>();
  const entries = (async () => {
    for await (const entry of untar) {
      await apply(entry.header, entry as unknown as Readable, { root, folders, added });
      entry.resume();
    }
  })();
  const decompress = await decompressorFor(layer);
  const source = createReadStream(layer);
  const unpacking = decompress ? pipeline(source, decompress, untar, { signal }) : pipeline(source, untar, { signal });
  await Promise.all([unpacking, entries]);
  for (const { path, mtime, mode } of folders.reverse()) {
    await chmod(path, mode | 0o700);
    if (mtime) await utimes(path, mtime, mtime);
  }
}

async function decompressorFor(layer: string): Promise<NodeJS.ReadWriteStream | undefined> {
  const file = await open(layer, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return zlib.createGunzip();
    if (buffer.readUInt32LE(0) !== 0xfd2fb528) return undefined;
    const zstd = (zlib as unknown as { createZstdDecompress?: () => NodeJS.ReadWriteStream }).createZstdDecompress;
    if (!zstd)
      throw new DarumaError('IMAGE_INVALID', 'this Node cannot read layers compressed with zstd', {
        hint: 'use gzip layers or Node 24',
      });
    return zstd();
  } finally {
    await file.close();
  }
}

interface Unpacking {
  root: string;
  folders: { path: string; mtime: Date | undefined; mode: number }[];
  /** What this layer itself brought, which its own whiteouts leave alone. */
  added: Set<string>;
}

async function apply(header: Header, content: Readable, { root, folders, added }: Unpacking): Promise<void> {
  const target = await resolveInRoot(root, header.name);
  if (target === root) return;
  const name = posix.basename(target);
  const parent = posix.dirname(target);
  if (name === OPAQUE) {
    for (const child of await readdir(parent).catch(() => [])) {
      if (!added.has(`${parent}/${child}`)) await rm(`${parent}/${child}`, { recursive: true, force: true });
    }
    return;
  }
  if (name.startsWith(WHITEOUT)) {
    const hidden = name.slice(WHITEOUT.length);
    if (hidden !== '' && hidden !== '.' && hidden !== '..') await rm(`${parent}/${hidden}`, { recursive: true, force: true });
    return;
  }
  await ensureFolder(parent, root);
  for (let path = target; path !== root && !added.has(path); path = posix.dirname(path)) added.add(path);
  const mode = (header.mode ?? 0o644) & 0o7777;
  switch (header.type) {
    case 'directory':
      await ensureFolder(target, root);
      folders.push({ path: target, mtime: header.mtime, mode });
      return;
    case 'symlink':
      await rm(target, { recursive: true, force: true });
      await symlink(header.linkname ?? '', target);
      return;
    case 'link': {
      const source = await resolveInRoot(root, header.linkname ?? '');
      const stat = await lstatIfExists(source);
      if (!stat || source === target) return;
      if (stat.isDirectory()) throw new DarumaError('IMAGE_INVALID', `${header.name} is a hard link to a folder`);
      await rm(target, { recursive: true, force: true });
      await link(source, target);
      return;
    }
    case 'file':
    case 'contiguous-file':
      await writeFile(target, content, { mode, mtime: header.mtime });
      return;
    default:
      // Devices and pipes are the host's matter.
      return;
  }
}

async function writeFile(
  target: string,
  content: Readable,
  { mode, mtime }: { mode: number; mtime: Date | undefined },
): Promise<void> {
  await rm(target, { recursive: true, force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = await open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    for await (const chunk of content as AsyncIterable<Uint8Array>) await file.writeFile(chunk);
    await file.chmod(mode & 0o777);
    if (mtime) await file.utimes(mtime, mtime);
  } finally {
    await file.close();
  }
}
