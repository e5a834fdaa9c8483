// Bundles each program of daruma into dist/: one file a process, shared chunks, and nothing loaded before it is used.

import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const programs = {
  daruma: 'bootstrap/cli/main.ts',
  'render-worker': 'platform/gitops/render/worker.ts',
};

// Small pure packages are part of the programs: a start does not read hundreds of files. What is native, large or rarely used stays outside.
const bundled = new Set([
  ...['@peculiar/x509', 'ajv', 'commander', 'env-paths', 'execa', 'express', 'isomorphic-git', 'jose', 'node-git-server'],
  ...['picomatch', 'reflect-metadata', 'semver', 'tar-stream', 'ws', 'yaml'],
]);
const manifest = JSON.parse(await readFile('package.json', 'utf8'));
const external = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter(name => !bundled.has(name));

await rm('dist', { recursive: true, force: true });
const shape = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external,
  legalComments: 'linked',
  banner: {
    js: "import { createRequire as daruma_createRequire } from 'node:module'; const require = daruma_createRequire(import.meta.url);",
  },
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
};
await build({
  ...shape,
  entryPoints: Object.fromEntries(Object.entries(programs).filter(([, source]) => existsSync(source))),
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
// Not shipped, so it shares no chunks with what is; a package holds no test folder.
const bench = 'test/bench/main.ts';
if (existsSync(bench)) await build({ ...shape, entryPoints: [bench], outfile: 'dist/bench.js' });
if (existsSync('dist/daruma.js')) await chmod('dist/daruma.js', 0o755);

// The shim is preloaded into Node pods by --require, so it stands alone.
const shim = 'platform/cluster/network/shim.ts';
if (existsSync(shim)) {
  await build({
    entryPoints: { 'network-shim': shim },
    outdir: 'dist',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    logLevel: 'warning',
  });
}

// The engines ship compressed, as they are committed.
for (const engine of ['platform/gitops/render/engine/kustomize.wasm.br', 'platform/cluster/expressions/engine/cel.wasm.br']) {
  if (!existsSync(engine)) continue;
  await mkdir('dist/engines', { recursive: true });
  await copyFile(engine, `dist/engines/${engine.split('/').at(-1)}`);
}

// The generated facts of the Kubernetes release, read at run time.
await cp('platform/cluster/schema/generated', 'dist/kubernetes', { recursive: true });
