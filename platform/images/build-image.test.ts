import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { extract, type Header } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembledBase, type BuiltImage, buildImage, hostNodeBase, imageLabels, imageTag, type LayerContent } from './index.ts';

const created = new Date('2026-01-02T03:04:05.678Z');
const files = new Map([
  ['app/src/main.js', { content: 'console.log(1)\n' }],
  ['app/package.json', { content: '{}' }],
  ['app/run', { content: '#!/bin/sh\n', mode: 0o755 }],
  [`app/${'deep/'.repeat(30)}long.js`, { content: Buffer.from('ü') }],
]);

async function example(): Promise<BuiltImage> {
  const labels = imageLabels({ sha: 'a'.repeat(40), source: 'http://127.0.0.1/app.git' });
  const config = { cmd: ['node', 'src/main.js'], workdir: '/app', env: { PORT: '8080' }, exposedPorts: ['8080'], user: '1000' };
  return buildImage({ files, base: await hostNodeBase(), config, labels, created });
}

async function entriesOf(layer: LayerContent): Promise<{ header: Header; text: string }[]> {
  const found: { header: Header; text: string }[] = [];
  if (!('bytes' in layer)) throw new Error('this layer is in a file');
  for await (const entry of Readable.from([layer.bytes]).pipe(extract())) {
    let text = '';
    for await (const chunk of entry) text += String(chunk);
    found.push({ header: entry.header, text });
  }
  return found;
}

describe('buildImage', () => {
  it('gives the same bytes on every machine and Node', async () => {
    const [one, two] = [await example(), await example()];
    expect(two.digest).toBe(one.digest);
    expect(one.digest).toBe('sha256:dd6d257b0eec0f3a4190dd214669b646842d980a3b9981be7f2b07c754730964');
  });

  it('writes a layer that depends on nothing of this machine', async () => {
    const image = await example();
    const entries = await entriesOf(image.layers[1] as LayerContent);
    const names = entries.map(({ header }) => header.name);
    expect(names).toEqual([...names].sort());
    expect(names.slice(0, 4)).toEqual(['app/', 'app/deep/', 'app/deep/deep/', 'app/deep/deep/deep/']);
    for (const { header } of entries) {
      expect([header.uid, header.gid, header.uname, header.gname]).toEqual([0, 0, '', '']);
      expect(header.mtime?.toISOString()).toBe('2026-01-02T03:04:05.000Z');
    }
    expect(entries.find(({ header }) => header.name === 'app/run')?.header.mode).toBe(0o755);
    expect(entries.find(({ header }) => header.name.endsWith('long.js'))?.text).toBe('ü');
  });

  it('puts configuration, labels and layers where runtimes look', async () => {
    const image = await example();
    const config = JSON.parse(Buffer.from(image.configBytes).toString()) as Record<string, unknown>;
    expect(config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      created: '2026-01-02T03:04:05Z',
      rootfs: { type: 'layers', diff_ids: image.layers.map(layer => layer.descriptor.digest) },
      config: {
        Cmd: ['node', 'src/main.js'],
        Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'PORT=8080'],
        ExposedPorts: { '8080/tcp': {} },
        User: '1000',
        WorkingDir: '/app',
        Labels: {
          'dev.daruma.base': 'host-node',
          'org.opencontainers.image.created': '2026-01-02T03:04:05Z',
          'org.opencontainers.image.revision': 'a'.repeat(40),
          'org.opencontainers.image.source': 'http://127.0.0.1/app.git',
        },
      },
    });
    expect(image.manifest.annotations).not.toHaveProperty('dev.daruma.base');
    expect(image.manifest.layers).toHaveLength(2);
  });

  it('refuses paths that leave the image or contradict each other', async () => {
    const base = await hostNodeBase();
    for (const path of ['../x', '/etc/passwd', 'a//b', 'a/./b', '']) {
      const build = buildImage({ files: new Map([[path, { content: '' }]]), base, created });
      await expect(build).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    const both = new Map([
      ['a', { content: '' }],
      ['a/b', { content: '' }],
    ]);
    await expect(buildImage({ files: both, base, created })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('names images by commit and its time in UTC', () => {
    expect(imageTag('f00', new Date('2026-03-01T00:30:00+02:00'))).toBe('f00-20260228223000');
  });
});

describe.runIf(process.platform === 'linux')('assembledBase', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daruma-base-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is the same when made twice, is kept, and holds a Node with its libraries', async () => {
    const [one, other] = await Promise.all(['one', 'two'].map(name => assembledBase({ directory: join(folder, name) })));
    expect(one?.diffIds).toEqual(other?.diffIds);
    const again = await assembledBase({ directory: join(folder, 'one') });
    expect(again.layers).toEqual(one?.layers);
    expect(again.config.user).toBe('65532:65532');
  });
});
