// The builder's client against the platform's own registry, over HTTP and HTTPS.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../platform/core/index.ts';
import { assembledBase, buildImage, hostNodeBase, RegistryClient } from '../../platform/images/index.ts';
import { type Registry, startRegistry } from '../../platform/registry/index.ts';

const created = new Date('2026-01-02T03:04:05Z');
let folder: string;
let registry: Registry;
let client: RegistryClient;
let ca: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-images-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const openssl = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', ...subject];
  await promisify(execFile)('openssl', [...openssl, '-keyout', key, '-out', cert]);
  ca = await readFile(cert, 'utf8');
  registry = await startRegistry({
    directory: join(folder, 'registry'),
    port: 0,
    tls: { key: await readFile(key, 'utf8'), cert: ca },
    users: { authenticate: async (user, password) => (password === 'right' ? { user, role: user } : undefined) },
    policy: { mayPull: () => true, mayPush: ({ role }) => role === 'bot' },
    logger: silentLogger,
  });
  client = new RegistryClient({ url: registry.url, username: 'bot', password: 'right' });
});

afterAll(async () => {
  client[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('RegistryClient', () => {
  it('pushes an image under its tags, reads it back, copies and deletes it', async () => {
    const files = new Map([['app/main.js', { content: 'console.log(1)\n' }]]);
    const image = await buildImage({ files, base: await hostNodeBase(), config: { cmd: ['node', 'app/main.js'] }, created });
    await client.push('team/app', image, { tags: ['one', 'two'] });
    await client.push('team/app', image, { tags: ['one'] });
    expect(await client.tags('team/app')).toEqual(['one', 'two']);
    const read = await client.manifest('team/app', 'two');
    expect(read).toMatchObject({ digest: image.digest, manifest: image.manifest });
    expect(await client.config('team/app', image.manifest)).toMatchObject({
      os: 'linux',
      config: { Cmd: ['node', 'app/main.js'] },
    });
    expect(await client.copy({ repository: 'team/app', reference: 'one' }, { repository: 'other', tag: 'copied' })).toBe(
      image.digest,
    );
    expect((await client.blob('other', image.layers[1]?.descriptor.digest ?? '')).length).toBe(image.layers[1]?.descriptor.size);
    expect(await client.delete('team/app', 'one')).toBe(true);
    expect(await client.delete('team/app', 'one')).toBe(false);
    expect(await client.delete('team/app', image.digest)).toBe(true);
    expect(await client.tags('team/app')).toEqual([]);
    expect(await client.manifest('team/app', 'two')).toBeUndefined();
    expect(await client.tags('none')).toEqual([]);
  });

  it('tells wrong credentials and missing rights apart, without naming the password', async () => {
    const image = await buildImage({ files: new Map(), base: await hostNodeBase(), created });
    using wrong = new RegistryClient({ url: registry.url, username: 'bot', password: 'wrong-one' });
    const refused = await wrong.push('app', image).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'UNAUTHORIZED' });
    expect(String(refused)).not.toContain('wrong-one');
    using puller = new RegistryClient({ url: registry.url, username: 'node', password: 'right' });
    await expect(puller.push('app', image)).rejects.toMatchObject({ code: 'FORBIDDEN' });
  });

  it.runIf(process.platform === 'linux')('pushes a large base from its file, over TLS', async () => {
    const base = await assembledBase({ directory: join(folder, 'bases') });
    const image = await buildImage({ files: new Map([['app/a.js', { content: '' }]]), base, created });
    using secure = new RegistryClient({ url: registry.tlsUrl ?? '', username: 'bot', password: 'right', ca });
    await secure.push('big', image, { tags: ['1'] });
    expect((await secure.manifest('big', '1'))?.digest).toBe(image.digest);
    expect(image.layers[0]?.descriptor.size).toBeGreaterThan(20 << 20);
  });
});
