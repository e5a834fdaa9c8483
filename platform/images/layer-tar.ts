// Layers as tar archives that are the same bytes on every machine: sorted, owned by root, one time for everything. They are
// not compressed, since the bytes of a gzip change with the version of zlib that Node carries.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { DarumaError } from '../core/index.ts';
import type { Descriptor } from './types.ts';

export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';

export type LayerEntry =
  | { kind: 'folder'; mode: number }
  | { kind: 'link'; target: string }
  | { kind: 'file'; mode: number; content: Uint8Array }
  | { kind: 'file'; mode: number; source: string; sizeBytes: number };

/**
 * Hands the archive to `write`, chunk by chunk, and answers its descriptor. Missing parent folders are added (0755).
 * @throws INVALID_INPUT for a path that leaves the image
 */
export async function writeLayer(
  entries: ReadonlyMap<string, LayerEntry>,
  { modified, write }: { modified: Date; write: (chunk: Uint8Array) => void | Promise<void> },
): Promise<Descriptor> {
  const archive = pack();
  const hash = createHash('sha256');
  let size = 0;
  const adding = addEntries(archive, withFolders(entries), new Date(Math.floor(modified.getTime() / 1000) * 1000));
  adding.catch((error: Error) => archive.destroy(error));
  for await (const chunk of archive as AsyncIterable<Buffer>) {
    hash.update(chunk);
    size += chunk.length;
    await write(chunk);
  }
  await adding;
  return { mediaType: LAYER_TYPE, digest: `sha256:${hash.digest('hex')}`, size };
}

async function addEntries(archive: ReturnType<typeof pack>, entries: Map<string, LayerEntry>, mtime: Date): Promise<void> {
  const owner = { uid: 0, gid: 0, uname: '', gname: '', mtime };
  for (const [name, entry] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
    switch (entry.kind) {
      case 'folder':
        archive.entry({ ...owner, name: `${name}/`, type: 'directory', mode: entry.mode });
        break;
      case 'link':
        archive.entry({ ...owner, name, type: 'symlink', linkname: entry.target, mode: 0o777 });
        break;
      case 'file': {
        const header = { ...owner, name, type: 'file' as const, mode: entry.mode };
        if ('content' in entry) archive.entry({ ...header, size: entry.content.length }, Buffer.from(entry.content));
        else {
          const stream = archive.entry({ ...header, size: entry.sizeBytes });
          await pipeline(createReadStream(entry.source, { highWaterMark: 1 << 20 }), stream);
        }
      }
    }
  }
  archive.finalize();
}

function withFolders(entries: ReadonlyMap<string, LayerEntry>): Map<string, LayerEntry> {
  const all = new Map<string, LayerEntry>();
  for (const [path, entry] of entries) {
    const names = path.split('/');
    if (names.some(name => name === '' || name === '.' || name === '..' || name.includes('\0'))) {
      throw new DarumaError('INVALID_INPUT', `"${path}" is not a path inside an image`, {
        hint: 'write it from the root of the image, without a leading slash and without . or ..',
      });
    }
    for (let depth = 1; depth < names.length; depth++) {
      const parent = names.slice(0, depth).join('/');
      const present = entries.get(parent) ?? all.get(parent);
      if (present === undefined) all.set(parent, { kind: 'folder', mode: 0o755 });
      else if (present.kind !== 'folder') {
        throw new DarumaError('INVALID_INPUT', `"${parent}" is a file and a folder at once in the image`);
      }
    }
    all.set(path, entry);
  }
  return all;
}
