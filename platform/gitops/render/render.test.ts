import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApplicationSource } from '../model/index.ts';
import { parseManifests, renderDirectory } from './directory.ts';
import { collectFileSet } from './file-set.ts';
import { Renderer } from './index.ts';

const enginePath = fileURLToPath(new URL('./engine/kustomize.wasm.br', import.meta.url));
const bytes = (files: Record<string, string | Uint8Array>) =>
  new Map(Object.entries(files).map(([name, content]) => [name, typeof content === 'string' ? Buffer.from(content) : content]));
const reader = (files: Map<string, Uint8Array>) => async (path: string) =>
  new Map([...files].filter(([name]) => path === '' || name === path || name.startsWith(`${path}/`)));
const source = (path: string, rest: Partial<ApplicationSource> = {}): ApplicationSource => ({
  repoURL: 'http://git/demo.git',
  path,
  targetRevision: 'main',
  ...rest,
});

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, image: web}]}}}
`;
const repository = {
  'apps/web/base/kustomization.yaml': 'resources: [deployment.yaml]\n',
  'apps/web/base/deployment.yaml': deployment,
  'apps/web/dev/kustomization.yaml':
    'resources: [../base]\nnamePrefix: dev-\nimages: [{name: web, newTag: "1e5"}]\nreplicas: [{name: web, count: 3}]\n',
  'apps/web/prod/kustomization.yaml': 'resources: [../base]\nconfigMapGenerator: [{name: logo, files: [logo.bin]}]\n',
  'apps/web/prod/logo.bin': new Uint8Array([0xff, 0xfe, 0x00, 0x01]),
  'apps/broken/kustomization.yaml': 'resources: [missing.yaml]\n',
  'apps/remote/kustomization.yaml': 'resources: ["https://github.com/example/base?ref=v1"]\n',
  'apps/charts/kustomization.yaml': 'helmCharts: [{name: x}]\n',
  'apps/exec/kustomization.yaml': 'generators: [generator.yaml]\n',
  'apps/exec/generator.yaml':
    'apiVersion: v1\nkind: G\nmetadata:\n  name: g\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: ./run.sh\n',
  'apps/loop/kustomization.yaml': 'resources: [../loop2]\n',
  'apps/loop2/kustomization.yaml': 'resources: [../loop]\n',
};

describe('Renderer', () => {
  let folder: string;
  let renderer: Renderer;
  const read = reader(bytes(repository));
  const worker = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daruma-render-'));
    await build({
      entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
      outfile: worker('worker.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
    });
    renderer = new Renderer({ cacheDir: folder, workerPath: worker('worker.mjs'), enginePath });
    await renderer.warmUp();
  });

  afterAll(async () => {
    await renderer[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('renders an overlay by the real Kustomize and tells which folders it read', async () => {
    const { objects, paths } = await renderer.render(source('apps/web/dev'), read);
    expect(paths).toEqual(['apps/web/base', 'apps/web/dev']);
    expect(objects).toMatchObject([
      {
        kind: 'Deployment',
        metadata: { name: 'dev-web' },
        spec: { replicas: 3, template: { spec: { containers: [{ image: 'web:1e5' }] } } },
      },
    ]);
  });

  it('carries files that are no text', async () => {
    const { objects } = await renderer.render(source('apps/web/prod'), read);
    expect(objects.find(object => object.kind === 'ConfigMap')).toMatchObject({ binaryData: { 'logo.bin': '//4AAQ==' } });
  });

  it('applies an application’s own Kustomize options', async () => {
    const kustomize = {
      nameSuffix: '-x',
      namespace: 'other',
      images: ['web=registry:5000/web2:7'],
      commonLabels: { team: 'a' },
      labelWithoutSelector: true,
    };
    const { objects } = await renderer.render(source('apps/web/dev', { kustomize }), read);
    expect(objects).toMatchObject([
      {
        metadata: { name: 'dev-web-x', namespace: 'other', labels: { team: 'a' } },
        spec: {
          selector: { matchLabels: { app: 'web' } },
          template: { spec: { containers: [{ image: 'registry:5000/web2:7' }] } },
        },
      },
    ]);
  });

  it.each([
    ['apps/broken', 'RENDER_FAILED', 'missing.yaml'],
    ['apps/none', 'RENDER_FAILED', 'app path does not exist'],
    ['apps/loop', 'RENDER_FAILED', 'cycle'],
    ['apps/remote', 'UNSUPPORTED_FIELD', 'https://github.com/example/base?ref=v1'],
    ['apps/charts', 'UNSUPPORTED_FIELD', 'helmCharts'],
    ['apps/exec', 'UNSUPPORTED_FIELD', 'exec function'],
  ])('says what is wrong with %s', async (path, code, message) => {
    await expect(renderer.render(source(path), read)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('replaces a worker that exceeds its time, and one that dies', async () => {
    await writeFile(
      worker('odd.mjs'),
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', ({ id, request }) => {
         if (request.dirs[0] === '/apps/web/dev') for (;;);
         if (request.dirs[0] === '/apps/web/prod') process.exit(7);
         parentPort.postMessage({ id, results: [{ objects: [] }] });
       });`,
    );
    await using odd = new Renderer({ cacheDir: folder, workerPath: worker('odd.mjs'), enginePath, timeoutMs: 200 });
    await expect(odd.render(source('apps/web/dev'), read)).rejects.toThrow(/did not finish within 0.2 s/);
    await using patient = new Renderer({ cacheDir: folder, workerPath: worker('odd.mjs'), enginePath });
    await expect(patient.render(source('apps/web/prod'), read)).rejects.toThrow(/ended with code 7/);
    expect(await patient.render(source('apps/web/base'), read)).toMatchObject({ objects: [] });
  });
});

describe('collectFileSet', () => {
  it('reads what kustomizations refer to, once, and nothing else', async () => {
    const asked: string[] = [];
    const read = reader(
      bytes({
        ...repository,
        'apps/web/dev/kustomization.yaml': 'resources: [../base, ../../shared/file.yaml, ./more]\n',
        'apps/shared/file.yaml': deployment,
      }),
    );
    const set = await collectFileSet(path => {
      asked.push(path);
      return read(path);
    }, 'apps/web/dev');
    expect(asked.sort()).toEqual(['apps/shared/file.yaml', 'apps/web/base', 'apps/web/dev']);
    expect(set.paths).toEqual(['apps/shared/file.yaml', 'apps/web/base', 'apps/web/dev']);
    expect([...set.files.keys()]).not.toContain('apps/web/prod/kustomization.yaml');
  });
});

describe('plain directories', () => {
  const files = bytes({
    'd/b.yaml':
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {on: "yes"}\n---\n---\napiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: s}}]\n',
    'd/a.json': '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}',
    'd/sub/c.yml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n',
    'd/README.md': '# no manifest',
  });
  const names = (options?: Parameters<typeof renderDirectory>[2]) =>
    renderDirectory(files, 'd', options).map(object => object.metadata.name);

  it('reads manifests in the order of their names, deeper ones only when told to', () => {
    expect(names()).toEqual(['a', 'b', 's']);
    expect(names({ recurse: true })).toEqual(['a', 'b', 's', 'c']);
    expect(names({ recurse: true, include: '*.yml' })).toEqual(['c']);
    expect(names({ recurse: true, exclude: '{*.json,sub/*}' })).toEqual(['b', 's']);
  });

  it.each([
    ['a: [1', /x\.yaml: .*line 1/],
    ['just text', /not a Kubernetes object/],
    ['apiVersion: v1\nkind: ConfigMap\n', /has no metadata.name/],
  ])('says where a manifest is wrong: %j', (text, message) => {
    expect(() => parseManifests(Buffer.from(text), 'x.yaml')).toThrow(message);
  });

  it('refuses what is not UTF-8', () => {
    expect(() => parseManifests(new Uint8Array([0xff, 0xfe]), 'x.yaml')).toThrow(/not valid UTF-8/);
  });
});

const hasGo = () => {
  try {
    return execFileSync('go', ['version'], { stdio: 'pipe' }).length > 0;
  } catch {
    return false;
  }
};

describe.skipIf(!process.env.DARUMA_TEST_ENGINE_REBUILD || !hasGo())('the committed engine', () => {
  it('is what its source builds to', { timeout: 600_000 }, () => {
    const script = fileURLToPath(new URL('./engine/kustomize/build.mjs', import.meta.url));
    expect(existsSync(script)).toBe(true);
    execFileSync('node', [script, '--check'], { stdio: 'pipe' });
  });
});
