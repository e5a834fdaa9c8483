// `daruma diff`: what a sync would change. Exit codes as `argocd app diff`: 0 nothing, 1 something, 2 an error.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { ObjectDiffView } from '../../platform/api/index.ts';
import { DarumaError, messageOf } from '../../platform/core/index.ts';
import { connect, type GlobalOptions } from './connect.ts';
import { mark, paint, print, printJson } from './output.ts';

export async function run(
  options: GlobalOptions & { revision?: string; local?: string; output?: string },
  app?: string | string[],
): Promise<number> {
  try {
    const { api } = await connect(options);
    const { source } = await api.application(String(app));
    const diff = await api.diff(String(app), {
      ...(options.revision ? { revision: options.revision } : {}),
      ...(options.local ? { local: await localFiles(options.local, source.path) } : {}),
    });
    const changed = diff.filter(one => one.action !== 'none');
    if (options.output === 'json') printJson(changed);
    else printChanges(changed);
    return changed.length > 0 ? 1 : 0;
  } catch (error) {
    process.stderr.write(`${mark.failed()} ${messageOf(error)}\n`);
    if (error instanceof DarumaError && error.hint) process.stderr.write(`  try: ${error.hint}\n`);
    return 2;
  }
}

/** One block for each object, one line for each field. */
export function printChanges(diff: ObjectDiffView[]): void {
  for (const { resource, namespace, action, changes } of diff) {
    if (action === 'none') continue;
    print(`${paint('bold', resource)}${namespace ? ` in ${namespace}` : ''}  ${action}`);
    for (const { path, desired, live } of changes)
      print(`  ${path}  ${paint('red', text(live))} → ${paint('green', text(desired))}`);
  }
}

function text(value: unknown): string {
  return value === undefined ? '(none)' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** The files of a working copy: `dir` is the repository's root, or the application's own path in one. */
async function localFiles(dir: string, applicationPath: string): Promise<Record<string, string>> {
  let root = resolve(dir);
  if (root.endsWith(`/${applicationPath}`)) root = root.slice(0, -applicationPath.length - 1);
  const files: Record<string, string> = {};
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules') await walk(path);
      else if (entry.isFile()) files[relative(root, path)] = await readFile(path, 'utf8');
    }
  };
  await walk(root).catch((error: unknown) => {
    throw new DarumaError('INVALID_INPUT', `${dir} cannot be read: ${messageOf(error)}`, {
      hint: 'name the root of a working copy of the GitOps repository',
      cause: error,
    });
  });
  return files;
}
