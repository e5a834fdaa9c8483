// Bundles each program of daruma into dist/: one file a process, shared chunks, and nothing loaded before it is used.

import { existsSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { build } from 'esbuild';

const programs = {
  daruma: 'bootstrap/cli/main.ts',
  'render-worker': 'platform/gitops/render/worker.ts',
  bench: 'test/bench/main.ts',
};

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: Object.fromEntries(Object.entries(programs).filter(([, source]) => existsSync(source))),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  jsx: 'automatic',
  chunkNames: 'chunks/[name]-[hash]',
  define: { 'process.env.NODE_ENV': '"production"' },
  logLevel: 'warning',
});
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

// The render engine ships compressed, as it is committed.
const engine = 'platform/gitops/render/engine/kustomize.wasm.br';
if (existsSync(engine)) {
  await mkdir('dist/engines', { recursive: true });
  await copyFile(engine, 'dist/engines/kustomize.wasm.br');
}

// The generated facts of the Kubernetes release, read at run time.
await cp('platform/cluster/schema/generated', 'dist/kubernetes', { recursive: true });
