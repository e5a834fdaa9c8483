// Pulling: verified, shared, cached, and never outside of the image's own folder.
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ImageStore, parseImageReference, RegistryClient } from './index.ts';
import { type LayerEntry, layerOf, TestRegistry } from './test-registry.ts';
import { unpackLayer } from './unpack-layer.ts';

const { signal } = new AbortController();
let folder: string;
let registry: TestRegistry;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-images-'));
  registry = await TestRegistry.start();
});

afterAll(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function unpack(name: string, ...layers: LayerEntry[][]): Promise<string> {
  const root = join(folder, name);
  await mkdir(root);
  for (const [index, entries] of layers.entries()) {
    const file = join(folder, `${name}-${index}.tar.gz`);
    await writeFile(file, await layerOf(entries));
    await unpackLayer(file, root, { signal });
  }
  return root;
}

describe('names', () => {
  it('mean what container runtimes take them for', () => {
    expect(parseImageReference('nginx')).toMatchObject({
      registry: 'docker.io',
      repository: 'library/nginx',
      tag: 'latest',
      name: 'docker.io/library/nginx:latest',
    });
    expect(parseImageReference('localhost:5000/a/b:v1')).toMatchObject({
      registry: 'localhost:5000',
      repository: 'a/b',
      tag: 'v1',
    });
    const digest = `sha256:${'a'.repeat(64)}`;
    expect(parseImageReference(`registry.daruma.internal/demo@${digest}`)).toMatchObject({
      digest,
      name: `registry.daruma.internal/demo@${digest}`,
    });
    for (const bad of ['', 'UPPER', 'a b', 'x:y:z', 'x@sha256:short', '../etc'])
      expect(() => parseImageReference(bad)).toThrow('invalid reference format');
  });
});

describe('a layer', () => {
  it('keeps modes, links and folders, and hides by whiteouts', async () => {
    const root = await unpack(
      'layers',
      [
        { name: 'app/', type: 'directory', mode: 0o755 },
        { name: 'app/run.sh', mode: 0o755, content: 'run' },
        { name: 'app/gone', content: 'x' },
        { name: 'kept/one', content: '1' },
        { name: 'opaque/old', content: 'old' },
        { name: 'link', type: 'symlink', linkname: 'app/run.sh' },
        { name: 'hard', type: 'link', linkname: 'app/run.sh' },
      ],
      [
        { name: 'app/.wh.gone' },
        { name: 'opaque/new', content: 'new' },
        { name: 'opaque/.wh..wh..opq' },
        { name: 'kept', content: 'now a file' },
      ],
    );
    expect((await lstat(join(root, 'app/run.sh'))).mode & 0o777).toBe(0o755);
    expect(await readlink(join(root, 'link'))).toBe('app/run.sh');
    expect(await readFile(join(root, 'hard'), 'utf8')).toBe('run');
    expect(await readdir(join(root, 'app'))).toEqual(['run.sh']);
    expect(await readdir(join(root, 'opaque'))).toEqual(['new']);
    expect(await readFile(join(root, 'kept'), 'utf8')).toBe('now a file');
  });

  it('cannot write outside of its root', async () => {
    const secret = join(folder, 'secret');
    await writeFile(secret, 'untouched');
    const root = await unpack('escape', [
      { name: '../secret', content: 'by dots' },
      { name: 'up', type: 'symlink', linkname: '../' },
      { name: 'up/secret', content: 'by a link' },
      { name: 'abs', type: 'symlink', linkname: folder },
      { name: 'abs/secret', content: 'by an absolute link' },
      { name: 'file', type: 'symlink', linkname: secret },
      { name: 'file', content: 'through a link of the same name' },
      { name: 'stolen', type: 'link', linkname: secret },
      { name: 'loop', type: 'symlink', linkname: 'loop' },
    ]);
    expect(await readFile(secret, 'utf8')).toBe('untouched');
    expect(await readFile(join(root, 'secret'), 'utf8')).toBe('by a link');
    expect(await readFile(join(root, 'file'), 'utf8')).toBe('through a link of the same name');
    expect(await readFile(join(root, 'stolen'), 'utf8')).toBe('by an absolute link');
    await expect(
      unpack('loops', [
        { name: 'loop', type: 'symlink', linkname: 'loop' },
        { name: 'loop/x', content: 'x' },
      ]),
    ).rejects.toThrow('too many symbolic links');
  });
});

describe('the store', () => {
  const config = {
    os: 'linux',
    architecture: '',
    config: {
      Entrypoint: ['node'],
      Cmd: ['server.js'],
      Env: ['A=1'],
      WorkingDir: '/app',
      Labels: { 'dev.daruma.base': 'host-node' },
    },
  };

  it('pulls once for many, and finds it again without the registry', async () => {
    const digest = await registry.push('demo-app', 'v1', {
      config,
      layers: [[{ name: 'app/server.js', content: 'hello' }], [{ name: 'app/more.js', content: 'more' }]],
    });
    const store = new ImageStore(join(folder, 'store'), new RegistryClient(registry.access));
    const reference = parseImageReference('registry.daruma.internal/demo-app:v1');
    expect(await store.find(reference)).toBeUndefined();
    const [image, same] = await Promise.all([store.pull(reference, { signal }), store.pull(reference, { signal })]);
    expect(same).toBe(image);
    expect(registry.requests.filter(url => url.includes('/blobs/'))).toHaveLength(3);
    expect(image).toMatchObject({
      digest,
      entrypoint: ['node'],
      cmd: ['server.js'],
      env: ['A=1'],
      workingDir: '/app',
      hostNode: true,
      repoDigest: `registry.daruma.internal/demo-app@${digest}`,
    });
    expect(await readFile(join(image.rootfs, 'app/server.js'), 'utf8')).toBe('hello');
    const offline = new ImageStore(join(folder, 'store'), undefined);
    expect((await offline.find(reference))?.digest).toBe(digest);
    expect((await offline.find(parseImageReference(`registry.daruma.internal/demo-app@${digest}`)))?.digest).toBe(digest);
  });

  it('refuses other registries, missing tags, wrong credentials and blobs that lie', async () => {
    const client = new RegistryClient(registry.access);
    const store = new ImageStore(join(folder, 'store-2'), client);
    await expect(store.pull(parseImageReference('nginx:1.27'), { signal })).rejects.toThrow(
      'failed to pull and unpack image "docker.io/library/nginx:1.27"',
    );
    await expect(store.pull(parseImageReference('registry.daruma.internal/demo-app:none'), { signal })).rejects.toThrow(
      'not found',
    );
    const stranger = new ImageStore(join(folder, 'store-3'), new RegistryClient({ ...registry.access, password: 'wrong' }));
    await expect(stranger.pull(parseImageReference('registry.daruma.internal/demo-app:v1'), { signal })).rejects.toThrow(
      'pull access denied',
    );
    await registry.push('lying', 'v1', { config, layers: [[{ name: 'a', content: 'a' }]] });
    for (const [url, bytes] of registry.contents)
      if (url.startsWith('/v2/lying/blobs/')) registry.contents.set(url, Buffer.concat([bytes, Buffer.from('x')]));
    await expect(store.pull(parseImageReference('registry.daruma.internal/lying:v1'), { signal })).rejects.toThrow(
      /has digest sha256:/,
    );
    expect(await readdir(join(folder, 'store-2', 'rootfs')).catch(() => [])).toEqual([]);
  });
});
