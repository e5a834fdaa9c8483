// Finds what ships beside the programs (templates, engines, scenarios), from source and from dist alike.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

function packageRoot(): string {
  if (root) return root;
  let folder = dirname(fileURLToPath(import.meta.url));
  while (
    !(existsSync(join(folder, 'package.json')) && readFileSync(join(folder, 'package.json'), 'utf8').includes('"name": "daruma"'))
  ) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the package folder of daruma was not found');
    folder = parent;
  }
  return (root = folder);
}

/** The absolute path of a file or folder that ships with daruma, by its path from the package's root. */
export function assetPath(path: string): string {
  return join(packageRoot(), path);
}

/** The version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(assetPath('package.json'), 'utf8')) as { version: string }).version;
}
