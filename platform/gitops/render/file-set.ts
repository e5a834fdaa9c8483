// Which folders of a repository a kustomization reads: found by following its references, so that a push elsewhere costs nothing.
import { posix } from 'node:path';
import { parse } from 'yaml';

export const KUSTOMIZATION_NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

export interface FileSet {
  /** Keyed by path from the repository's root. */
  files: Map<string, Uint8Array>;
  /** The folders and files that were read, none below another: the path set. */
  paths: string[];
}

/** Where files come from: everything at or below a path. */
export type ReadPath = (path: string) => Promise<Map<string, Uint8Array>>;

/** Reads `path` and everything outside of it that its kustomizations refer to. References that lead nowhere are left to Kustomize to report. */
export async function collectFileSet(read: ReadPath, path: string): Promise<FileSet> {
  const files = new Map<string, Uint8Array>();
  const paths: string[] = [];
  const covered = (wanted: string) => paths.some(known => within(known, wanted));
  const queue = [path];
  const parsed = new Set<string>();
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (!covered(next)) {
      for (const [name, content] of await read(next)) files.set(name, content);
      paths.push(next);
    }
    for (const file of kustomizationsBelow(files, next)) {
      if (parsed.has(file)) continue;
      parsed.add(file);
      const folder = posix.dirname(file) === '.' ? '' : posix.dirname(file);
      for (const reference of references(files.get(file))) {
        const target = posix.normalize(posix.join(folder, reference));
        if (target.startsWith('..') || target.startsWith('/')) continue;
        if (!covered(target === '.' ? '' : target)) queue.push(target === '.' ? '' : target);
      }
    }
  }
  return { files, paths: paths.filter(one => !paths.some(other => other !== one && within(other, one))).sort() };
}

export function kustomizationOf(files: Map<string, Uint8Array>, path: string): string | undefined {
  return KUSTOMIZATION_NAMES.map(name => posix.join(path, name)).find(name => files.has(name));
}

/** True when `path` is `folder` or lies below it. */
export function within(folder: string, path: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function kustomizationsBelow(files: Map<string, Uint8Array>, path: string): string[] {
  return [...files.keys()].filter(name => within(path, name) && KUSTOMIZATION_NAMES.includes(posix.basename(name)));
}

/** Every relative path that may lead out of the folder, wherever it stands in the kustomization. */
function references(content: Uint8Array | undefined): string[] {
  const found: string[] = [];
  const walk = (value: unknown) => {
    if (typeof value === 'string') {
      // Generators write `key=../file`.
      const path = value.slice(value.indexOf('=') + 1);
      if (path.startsWith('../') && !path.includes('\n')) found.push(path);
    } else if (Array.isArray(value)) value.forEach(walk);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(walk);
  };
  try {
    walk(parse(Buffer.from(content ?? []).toString('utf8')));
  } catch {
    // Kustomize reports what it cannot read.
  }
  return found;
}
