// Carries out the COPY steps of a Dockerfile over the files of a commit, without what .dockerignore leaves out.
import { posix } from 'node:path';
import picomatch from 'picomatch';
import { DarumaError } from '../core/index.ts';
import type { CopyStep, ImagePlan } from './dockerfile-plan.ts';
import type { ImageFile } from './types.ts';

/**
 * The files of the image by their path in it. `tree`: the files of the commit by their path from the build's root;
 * `executables`: those that keep their bit. @throws INVALID_INPUT, naming the line, for a source that is not there
 */
export function filesForPlan(
  plan: Pick<ImagePlan, 'copies'>,
  tree: ReadonlyMap<string, Uint8Array>,
  { executables = new Set<string>() as ReadonlySet<string> } = {},
): Map<string, ImageFile> {
  const ignored = ignoreRules(Buffer.from(tree.get('.dockerignore') ?? '').toString('utf8'));
  const paths = [...tree.keys()].filter(path => !ignored(path));
  const files = new Map<string, ImageFile>();
  for (const step of plan.copies) {
    for (const [from, to] of copied(step, paths)) {
      const content = tree.get(from);
      if (content) files.set(to.replace(/^\//, ''), { content, mode: executables.has(from) ? 0o755 : 0o644 });
    }
  }
  return files;
}

function copied({ sources, target, line }: CopyStep, paths: string[]): [from: string, to: string][] {
  const result: [string, string][] = [];
  for (const source of sources) {
    const name = posix.normalize(`/${source}`).replace(/^\/|\/$/g, '');
    const matches = picomatch(name === '' ? '**' : name, { dot: true, nobrace: true, noext: true, strictSlashes: true });
    const before = result.length;
    for (const path of paths) {
      const folder = containing(path, name, matches);
      if (folder !== undefined) result.push([path, posix.join(target, path.slice(folder === '' ? 0 : folder.length + 1))]);
      else if (matches(path)) result.push([path, target.endsWith('/') ? posix.join(target, posix.basename(path)) : target]);
    }
    if (result.length === before) {
      throw new DarumaError('INVALID_INPUT', `Dockerfile line ${line}: there is no "${source}" to copy`, {
        hint: 'name a file or folder that is committed and that .dockerignore does not leave out',
        data: { line, source },
      });
    }
  }
  return result;
}

/** The folder above `path` that the source names, whose content is copied without the folder itself. */
function containing(path: string, name: string, matches: (path: string) => boolean): string | undefined {
  if (name === '') return '';
  const names = path.split('/');
  for (let depth = 1; depth < names.length; depth++) {
    const folder = names.slice(0, depth).join('/');
    if (matches(folder)) return folder;
  }
  return undefined;
}

/** The rules of a .dockerignore: the last that matches decides, `!` takes back. */
function ignoreRules(text: string): (path: string) => boolean {
  const rules = text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
    .map(line => {
      const kept = line.startsWith('!');
      const pattern = posix.normalize(`/${kept ? line.slice(1).trim() : line}`).replace(/^\/|\/$/g, '');
      return { kept, matches: picomatch([pattern, `${pattern}/**`], { dot: true, nobrace: true, noext: true }) };
    });
  return path => rules.reduce((ignored, rule) => (rule.matches(path) ? !rule.kept : ignored), false);
}
