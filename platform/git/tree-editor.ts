// Trees and blobs of a bare repository, read and written in process by isomorphic-git.
import fs from 'node:fs';
import { posix } from 'node:path';
import isomorphic from 'isomorphic-git';
import { DarumaError } from '../core/index.ts';
import { ObjectCache } from './object-cache.ts';

/** A file to write: its content, or its content with the executable bit. `null` removes it. */
export type FileChange = string | Uint8Array | { content: string | Uint8Array; executable: boolean } | null;

interface TreeEntry {
  mode: string;
  path: string;
  oid: string;
  type: 'blob' | 'tree' | 'commit';
}

const FOLDER = '040000';
const SYMBOLIC_LINK = '120000';

/** Reads and writes objects of one repository. Holds parsed pack indexes as long as memory is not wanted otherwise. */
export class TreeEditor {
  readonly #gitdir: string;
  readonly #blobs = new ObjectCache<Buffer>(8 << 20);
  readonly #trees = new ObjectCache<{ oid: string; tree: TreeEntry[] }>(4 << 20);
  #cache = new WeakRef<object>({});

  constructor(gitdir: string) {
    this.#gitdir = gitdir;
  }

  get #access(): { fs: typeof fs; gitdir: string; cache: object } {
    let cache = this.#cache.deref();
    if (!cache) this.#cache = new WeakRef((cache = {}));
    return { fs, gitdir: this.#gitdir, cache };
  }

  /** The entry at `path` of a commit or tree; the root for ''. Undefined when there is none. */
  async entryAt(oid: string, path: string): Promise<TreeEntry | undefined> {
    const root = await this.#readTree(oid);
    let entry: TreeEntry = { mode: FOLDER, path: '', oid: root.oid, type: 'tree' };
    let entries = root.tree;
    for (const name of segments(path)) {
      if (entry.type !== 'tree') return undefined;
      if (entry.oid !== root.oid) entries = (await this.#readTree(entry.oid)).tree;
      const next = entries.find(candidate => candidate.path === name);
      if (!next) return undefined;
      entry = next;
    }
    return entry;
  }

  /** The content of a blob; shared, so it must not be changed. */
  async readBlob(oid: string): Promise<Buffer> {
    const known = this.#blobs.get(oid);
    if (known) return known;
    const { blob } = await isomorphic.readBlob({ ...this.#access, oid });
    const content = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
    this.#blobs.set(oid, content, content.length + 200);
    return content;
  }

  /** The tree of a commit, tag or tree. */
  async #readTree(oid: string): Promise<{ oid: string; tree: TreeEntry[] }> {
    const known = this.#trees.get(oid);
    if (known) return known;
    const read = await isomorphic.readTree({ ...this.#access, oid });
    const tree = { oid: read.oid, tree: read.tree as TreeEntry[] };
    this.#trees.set(oid, tree, 200 + 200 * tree.tree.length);
    return tree;
  }

  /** Every file below a tree by its path from there. A symbolic link to a file below gives that file's content. */
  async readFiles(treeOid: string): Promise<Map<string, Buffer>> {
    const files = new Map<string, Buffer>();
    const links = new Map<string, string>();
    const visit = async (oid: string, folder: string): Promise<void> => {
      const { tree } = await this.#readTree(oid);
      await Promise.all(
        tree.map(async entry => {
          const path = folder + entry.path;
          if (entry.type === 'tree') return visit(entry.oid, `${path}/`);
          if (entry.type !== 'blob') return;
          const content = await this.readBlob(entry.oid);
          if (entry.mode === SYMBOLIC_LINK) links.set(path, posix.join(posix.dirname(path), content.toString('utf8')));
          else files.set(path, content);
        }),
      );
    };
    await visit(treeOid, '');
    for (const [path, target] of links) {
      const content = files.get(target);
      if (content) files.set(path, content);
    }
    return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** Writes `changes` over a tree and answers the new tree's id. Files that exist keep their mode. */
  async edit(treeOid: string | undefined, changes: ReadonlyMap<string, FileChange>): Promise<string> {
    for (const path of changes.keys()) checkPath(path);
    return (await this.#edit(treeOid, changes)) ?? (await isomorphic.writeTree({ fs, gitdir: this.#gitdir, tree: [] }));
  }

  async #edit(treeOid: string | undefined, changes: ReadonlyMap<string, FileChange>): Promise<string | undefined> {
    const { fs: files, gitdir } = this.#access;
    const present = treeOid ? (await this.#readTree(treeOid)).tree : [];
    const entries = new Map(present.map(entry => [entry.path, entry]));
    const below = new Map<string, Map<string, FileChange>>();
    for (const [path, change] of changes) {
      const slash = path.indexOf('/');
      if (slash >= 0) {
        const folder = path.slice(0, slash);
        below.set(folder, (below.get(folder) ?? new Map<string, FileChange>()).set(path.slice(slash + 1), change));
      } else if (change === null) {
        entries.delete(path);
      } else {
        const { content, executable } = withMode(change);
        const oid = await isomorphic.writeBlob({ fs: files, gitdir, blob: bytesOf(content) });
        const kept = entries.get(path)?.mode === '100755' ? '100755' : '100644';
        const mode = executable === undefined ? kept : executable ? '100755' : '100644';
        entries.set(path, { mode, path, oid, type: 'blob' });
      }
    }
    for (const [folder, inner] of below) {
      const current = entries.get(folder);
      const oid = await this.#edit(current?.type === 'tree' ? current.oid : undefined, inner);
      if (oid) entries.set(folder, { mode: FOLDER, path: folder, oid, type: 'tree' });
      else entries.delete(folder);
    }
    if (entries.size === 0) return undefined;
    return isomorphic.writeTree({ fs: files, gitdir, tree: [...entries.values()] });
  }
}

function withMode(change: Exclude<FileChange, null>): { content: string | Uint8Array; executable: boolean | undefined } {
  return typeof change === 'string' || change instanceof Uint8Array ? { content: change, executable: undefined } : change;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
}

/** The names of a path inside a repository; none for '' and '.'. */
export function segments(path: string): string[] {
  return path.split('/').filter(name => name !== '' && name !== '.');
}

function checkPath(path: string): void {
  const names = path.split('/');
  if (names.some(name => name === '' || name === '.' || name === '..' || name.toLowerCase() === '.git' || name.includes('\0'))) {
    throw new DarumaError('INVALID_INPUT', `"${path}" is not a path inside a repository`, {
      hint: 'write it relative to the root, with single slashes and without . or ..',
    });
  }
}
