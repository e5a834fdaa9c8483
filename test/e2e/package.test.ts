// What `npm pack` would ship: all that runs, and nothing else.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';

const LIMIT_BYTES = 25_000_000;
const root = assetPath('');
let files: { path: string; size: number; mode: number }[];

beforeAll(async () => {
  // Without the scripts, which would build anew under the feet of other tests.
  const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root });
  files = (JSON.parse(stdout) as { files: typeof files }[])[0]?.files ?? [];
});

const paths = () => files.map(({ path }) => path);

it('holds the programs, the engine, the schema facts, scenarios and templates', async () => {
  const programs = ['dist/daruma.js', 'dist/render-worker.js', 'dist/network-shim.cjs'];
  const data = ['dist/engines/kustomize.wasm.br', 'dist/kubernetes/openapi.json', 'schemas/status.schema.json'];
  expect(paths()).toEqual(expect.arrayContaining([...programs, ...data, 'package.json', 'README.md', 'LICENSE']));
  const { stdout } = await execa('git', ['ls-files', 'templates', 'scenarios'], { cwd: root }).catch(() => ({ stdout: '' }));
  const kept = stdout.split('\n').filter(path => /^templates\/.|^scenarios\/\d/.test(path));
  expect(paths()).toEqual(expect.arrayContaining(kept));
});

it('holds every file that a shipped program loads', async () => {
  for (const path of paths().filter(name => /^dist\/.*\.js$/.test(name))) {
    const text = await readFile(join(root, path), 'utf8');
    for (const [, name = ''] of text.matchAll(/(?:from|import)\s?\(?"(\.\.?\/[^"]+\.js)"/g))
      expect(paths()).toContain(join(path, '..', name));
  }
});

it('holds no tests but those of the templates, no sources, no maps', () => {
  const strange = paths().filter(path => !/^(dist|schemas|scenarios\/\d[^/]*|templates)\/|^[^/]+$/.test(path));
  expect(strange).toEqual([]);
  const ours = paths().filter(path => !path.startsWith('templates/'));
  expect(ours.filter(path => /\.test\.|\.tsx?$|\.map$|(^|\/)(src|test|bench)(\.js$|\/)/.test(path))).toEqual([]);
});

it('stays below 25 MB', () => {
  expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(LIMIT_BYTES);
});
