import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/index.ts';
import { type Registry, type RegistryPush, startRegistry } from './index.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const PUSHER = `Basic ${Buffer.from('bot:bot-s3cret').toString('base64')}`;
const PULLER = `Basic ${Buffer.from('node:node-s3cret').toString('base64')}`;

let folder: string;
let registry: Registry;
let pushes: RegistryPush[];
let log: string[];

async function start(): Promise<Registry> {
  return startRegistry({
    directory: folder,
    port: 0,
    users: {
      authenticate: async (user, password) => (password === `${user}-s3cret` ? { user, role: user } : undefined),
    },
    policy: {
      mayPull: ({ role, repository }) => role === 'bot' || !repository.startsWith('private'),
      mayPush: ({ role }) => role === 'bot',
    },
    onPush: push => void pushes.push(push),
    logger: createLogger(line => log.push(line)),
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-registry-'));
  pushes = [];
  log = [];
  registry = await start();
});

afterEach(async () => {
  await registry[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

interface CallOptions {
  body?: Uint8Array<ArrayBuffer> | string;
  headers?: Record<string, string>;
  as?: string;
}

async function call(method: string, path: string, { body, headers = {}, as = PUSHER }: CallOptions = {}): Promise<Response> {
  const url = path.startsWith('http') ? path : `${registry.url}${path}`;
  return fetch(url, { method, body, headers: { ...(as ? { authorization: as } : {}), ...headers } });
}

async function errorOf(response: Response): Promise<string> {
  const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
  expect(errors[0]?.message).toBeTruthy();
  return `${response.status} ${errors[0]?.code}`;
}

function digest(content: Uint8Array | string, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(content).digest('hex')}`;
}

async function pushBlob(repository: string, content: Uint8Array<ArrayBuffer> | string): Promise<string> {
  const answer = await call('POST', `/v2/${repository}/blobs/uploads/?digest=${digest(content)}`, { body: content });
  expect(answer.status).toBe(201);
  return digest(content);
}

async function pushImage(repository: string, reference: string, extra: Record<string, unknown> = {}): Promise<string> {
  const config = JSON.stringify({ made: reference });
  const layer = `layer of ${reference}`;
  const descriptor = (content: string, mediaType: string) => ({ mediaType, digest: digest(content), size: content.length });
  await pushBlob(repository, config);
  await pushBlob(repository, layer);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(config, 'application/vnd.oci.image.config.v1+json'),
    layers: [descriptor(layer, 'application/vnd.oci.image.layer.v1.tar')],
    ...extra,
  });
  const name = reference === '' ? digest(manifest) : reference;
  const answer = await call('PUT', `/v2/${repository}/manifests/${name}`, {
    body: manifest,
    headers: { 'content-type': MANIFEST },
  });
  expect(answer.status).toBe(201);
  expect(answer.headers.get('docker-content-digest')).toBe(digest(manifest));
  return digest(manifest);
}

describe('blobs', () => {
  it('takes a blob in one request, in two, and in chunks, and gives back the same bytes', async () => {
    const content = randomBytes(3_000_000);
    await pushBlob('team/app', content);
    const got = await call('GET', `/v2/team/app/blobs/${digest(content)}`, { as: PULLER });
    expect(got.headers.get('docker-content-digest')).toBe(digest(content));
    expect(Buffer.from(await got.arrayBuffer()).equals(content)).toBe(true);
    const head = await call('HEAD', `/v2/team/app/blobs/${digest(content)}`);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, '3000000']);

    const second = randomBytes(10);
    const opened = await call('POST', '/v2/team/app/blobs/uploads/');
    expect(opened.status).toBe(202);
    const put = await call('PUT', `${opened.headers.get('location')}?digest=${digest(second)}`, { body: second });
    expect([put.status, put.headers.get('location')]).toEqual([201, `/v2/team/app/blobs/${digest(second)}`]);

    const parts = [randomBytes(1000), randomBytes(500), randomBytes(70)];
    const whole = Buffer.concat(parts);
    let location = (await call('POST', '/v2/team/app/blobs/uploads/')).headers.get('location') ?? '';
    let offset = 0;
    for (const part of parts.slice(0, 2)) {
      const range = `${offset}-${offset + part.length - 1}`;
      const patched = await call('PATCH', location, { body: part, headers: { 'content-range': range } });
      offset += part.length;
      expect([patched.status, patched.headers.get('range')]).toEqual([202, `0-${offset - 1}`]);
      location = patched.headers.get('location') ?? '';
    }
    const wrong = await call('PATCH', location, { body: 'x', headers: { 'content-range': '0-0' } });
    expect([wrong.status, wrong.headers.get('range')]).toEqual([416, '0-1499']);
    const state = await call('GET', location);
    expect([state.status, state.headers.get('range')]).toEqual([204, '0-1499']);
    const done = await call('PUT', `${location}?digest=${digest(whole, 'sha512')}`, {
      body: parts[2],
      headers: { 'content-range': '1500-1569' },
    });
    expect(done.status).toBe(201);
    expect(await (await call('GET', `/v2/team/app/blobs/${digest(whole, 'sha512')}`)).arrayBuffer()).toHaveProperty(
      'byteLength',
      1570,
    );
  });

  it('refuses content with another digest and keeps nothing of it', async () => {
    const answer = await call('POST', `/v2/app/blobs/uploads/?digest=${digest('a')}`, { body: 'b' });
    expect(await errorOf(answer)).toBe('400 DIGEST_INVALID');
    expect(await errorOf(await call('GET', `/v2/app/blobs/${digest('a')}`))).toBe('404 BLOB_UNKNOWN');
    expect(await readdir(join(folder, 'uploads'))).toEqual([]);
  });

  it('serves ranges', async () => {
    const of = await pushBlob('app', '0123456789');
    for (const [range, text, shown] of [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=7-', '789', 'bytes 7-9/10'],
      ['bytes=-2', '89', 'bytes 8-9/10'],
      ['bytes=5-99', '56789', 'bytes 5-9/10'],
    ] as const) {
      const answer = await call('GET', `/v2/app/blobs/${of}`, { headers: { range } });
      expect([answer.status, answer.headers.get('content-range'), await answer.text()]).toEqual([206, shown, text]);
    }
    expect((await call('GET', `/v2/app/blobs/${of}`, { headers: { range: 'bytes=10-' } })).status).toBe(416);
  });

  it('mounts from a repository that the caller may read, else starts an upload', async () => {
    const of = await pushBlob('private/base', 'base layer');
    const mounted = await call('POST', `/v2/app/blobs/uploads/?mount=${of}&from=private/base`);
    expect([mounted.status, mounted.headers.get('location')]).toEqual([201, `/v2/app/blobs/${of}`]);
    expect((await call('POST', `/v2/app2/blobs/uploads/?mount=${of}&from=elsewhere`)).status).toBe(202);
    expect((await call('GET', `/v2/app2/blobs/${of}`)).status).toBe(404);
  });

  it('cancels uploads, and knows none of another repository', async () => {
    const location = (await call('POST', '/v2/app/blobs/uploads/')).headers.get('location') ?? '';
    expect(await errorOf(await call('GET', location.replace('/app/', '/other/')))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect((await call('DELETE', location)).status).toBe(204);
    expect(await errorOf(await call('PATCH', location, { body: 'x' }))).toBe('404 BLOB_UPLOAD_UNKNOWN');
  });

  it('survives a client that goes away in the middle of a chunk', async () => {
    const location = (await call('POST', '/v2/app/blobs/uploads/')).headers.get('location') ?? '';
    await new Promise<void>(resolve => {
      const request = httpRequest(`${registry.url}${location}`, {
        method: 'PATCH',
        headers: { authorization: PUSHER, 'content-length': 1000 },
      });
      request.on('error', () => resolve());
      request.write('x'.repeat(10), () => setImmediate(() => request.destroy(new Error('gone'))));
    });
    expect((await call('GET', location)).status).toBe(204);
    expect((await call('DELETE', location)).status).toBe(204);
  });
});

describe('manifests, tags and referrers', () => {
  it('keeps images by tag and digest, announces them, and survives a restart', async () => {
    const of = await pushImage('app', '1.0.0');
    expect(pushes).toEqual([{ repository: 'app', reference: '1.0.0', digest: of, mediaType: MANIFEST, user: 'bot' }]);
    await registry[Symbol.asyncDispose]();
    registry = await start();
    for (const reference of ['1.0.0', of]) {
      const answer = await call('GET', `/v2/app/manifests/${reference}`, { as: PULLER });
      expect([answer.headers.get('content-type'), digest(await answer.text())]).toEqual([MANIFEST, of]);
      expect((await call('HEAD', `/v2/app/manifests/${reference}`)).headers.get('docker-content-digest')).toBe(of);
    }
    expect((await call('DELETE', '/v2/app/manifests/1.0.0')).status).toBe(202);
    expect(await errorOf(await call('GET', '/v2/app/manifests/1.0.0'))).toBe('404 MANIFEST_UNKNOWN');
    expect((await call('DELETE', `/v2/app/manifests/${of}`)).status).toBe(202);
    expect(await errorOf(await call('GET', `/v2/app/manifests/${of}`))).toBe('404 MANIFEST_UNKNOWN');
  });

  it('refuses manifests that are no manifests or name what is not there', async () => {
    const put = (body: string, type = MANIFEST, reference = 'x') =>
      call('PUT', `/v2/app/manifests/${reference}`, { body, headers: { 'content-type': type } }).then(errorOf);
    expect(await put('{')).toBe('400 MANIFEST_INVALID');
    expect(await put('[]')).toBe('400 MANIFEST_INVALID');
    expect(await put('{}', 'text/plain')).toBe('400 MANIFEST_INVALID');
    expect(await put(JSON.stringify({ mediaType: INDEX }))).toBe('400 MANIFEST_INVALID');
    expect(await put(JSON.stringify({ layers: [{ digest: '../../etc/passwd' }] }))).toBe('400 MANIFEST_INVALID');
    expect(await put(JSON.stringify({ layers: [{ digest: digest('absent') }] }))).toBe('404 MANIFEST_BLOB_UNKNOWN');
    expect(await put('{}', MANIFEST, digest('other'))).toBe('400 DIGEST_INVALID');
    expect(await put(' '.repeat(5 << 20))).toBe('413 SIZE_INVALID');
  });

  it('pages tags and repositories', async () => {
    for (const tag of ['b', 'a', 'C', '10', '9']) await pushImage('team/app', tag);
    await pushImage('private/x', 'one');
    const list = async (path: string, as = PUSHER) => {
      const answer = await call('GET', path, { as });
      return { ...((await answer.json()) as object), link: answer.headers.get('link') };
    };
    expect(await list('/v2/team/app/tags/list')).toEqual({ name: 'team/app', tags: ['10', '9', 'C', 'a', 'b'], link: null });
    const link = '</v2/team/app/tags/list?n=2&last=9>; rel="next"';
    expect(await list('/v2/team/app/tags/list?n=2')).toEqual({ name: 'team/app', tags: ['10', '9'], link });
    expect(await list('/v2/team/app/tags/list?n=3&last=9')).toEqual({ name: 'team/app', tags: ['C', 'a', 'b'], link: null });
    expect(await list('/v2/team/app/tags/list?n=0')).toEqual({ name: 'team/app', tags: [], link: null });
    expect(await errorOf(await call('GET', '/v2/none/tags/list'))).toBe('404 NAME_UNKNOWN');
    expect(await list('/v2/_catalog')).toMatchObject({ repositories: ['private/x', 'team/app'] });
    expect(await list('/v2/_catalog', PULLER)).toMatchObject({ repositories: ['team/app'] });
  });

  it('lists who refers to a manifest, by kind, also before it is there', async () => {
    const subject = await pushImage('app', '1');
    const descriptor = { mediaType: MANIFEST, digest: subject, size: 1 };
    const sbom = await pushImage('app', '', { subject: descriptor, artifactType: 'application/sbom', annotations: { by: 'me' } });
    const signature = await pushImage('app', 'sig', { subject: descriptor });
    const list = async (query = '') => {
      const answer = await call('GET', `/v2/app/referrers/${subject}${query}`);
      expect(answer.headers.get('content-type')).toBe(INDEX);
      const { manifests } = (await answer.json()) as { manifests: { digest: string; artifactType: string }[] };
      return { filtered: answer.headers.get('oci-filters-applied'), manifests };
    };
    expect((await list()).manifests.map(entry => entry.digest).sort()).toEqual([sbom, signature].sort());
    const only = await list('?artifactType=application/sbom');
    expect(only.filtered).toBe('artifactType');
    expect(only.manifests).toMatchObject([{ digest: sbom, artifactType: 'application/sbom', annotations: { by: 'me' } }]);
    await call('DELETE', `/v2/app/manifests/${sbom}`);
    expect((await list()).manifests.map(entry => entry.digest)).toEqual([signature]);
  });

  it('collects what nothing names, and nothing else', async () => {
    const kept = await pushImage('app', '1');
    const child = await pushImage('app', '');
    const manifests = [{ mediaType: MANIFEST, digest: child, size: 1 }];
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    await call('PUT', '/v2/app/manifests/multi', { body, headers: { 'content-type': INDEX } });
    const stray = await pushBlob('app', 'stray');
    const lost = await pushImage('app', '2');
    expect(await registry.collectGarbage()).toEqual({ blobs: 0, bytes: 0, manifests: 0 });
    expect(await registry.collectGarbage({ graceMs: 0 })).toMatchObject({ blobs: 1, bytes: 5, manifests: 0 });
    expect((await call('GET', `/v2/app/blobs/${stray}`)).status).toBe(404);
    await call('DELETE', '/v2/app/manifests/2');
    expect((await call('GET', `/v2/app/manifests/${lost}`)).status).toBe(200);
    expect(await registry.collectGarbage({ graceMs: 0, removeUntagged: true })).toMatchObject({ manifests: 1, blobs: 3 });
    for (const of of [kept, child]) {
      const image = (await (await call('GET', `/v2/app/manifests/${of}`)).json()) as { layers: { digest: string }[] };
      expect((await call('GET', `/v2/app/blobs/${image.layers[0]?.digest}`)).status).toBe(200);
    }
  });
});

describe('who may do what', () => {
  it('asks everyone for credentials, on every route', async () => {
    for (const path of ['/v2/', '/v2/_catalog', '/v2/app/tags/list', '/v2/app/manifests/1', '/', '/v2/app/blobs/uploads/']) {
      for (const as of ['', `Basic ${Buffer.from('bot:wrong').toString('base64')}`, 'Bearer x']) {
        const answer = await call('GET', path, { as });
        expect(answer.headers.get('www-authenticate')).toContain('Basic');
        expect(await errorOf(answer)).toBe('401 UNAUTHORIZED');
      }
    }
    expect((await call('GET', '/v2/')).status).toBe(200);
  });

  it('lets a puller pull and no more, and nothing of what is private', async () => {
    await pushImage('app', '1');
    await pushImage('private/x', '1');
    expect((await call('GET', '/v2/app/manifests/1', { as: PULLER })).status).toBe(200);
    expect(await errorOf(await call('GET', '/v2/private/x/manifests/1', { as: PULLER }))).toBe('403 DENIED');
    expect(await errorOf(await call('POST', '/v2/app/blobs/uploads/', { as: PULLER }))).toBe('403 DENIED');
    expect(await errorOf(await call('DELETE', '/v2/app/manifests/1', { as: PULLER }))).toBe('403 DENIED');
    expect(log.join('')).not.toContain('s3cret');
  });

  it.each([
    ['GET', '/v2/..%2f..%2fetc/tags/list', 400],
    ['GET', '/v2/App/tags/list', 400],
    ['GET', '/v2/app/_tags/tags/list', 400],
    ['GET', '/v2/app/manifests/..', 404],
    ['GET', '/v2/app/manifests/%2e%2e', 404],
    ['PUT', '/v2/app/manifests/%2e%2e', 400],
    ['GET', '/v2/app/blobs/sha256:../../x', 404],
    ['GET', '/v2/app/blobs/sha256:zz', 400],
    ['GET', `/v2/app/blobs/md5:${'a'.repeat(32)}`, 400],
    ['POST', '/v2/app/manifests/1', 405],
    ['PUT', '/v2/app/tags/list', 405],
    ['PUT', '/v2/', 405],
    ['GET', '/v2/app', 404],
    ['GET', '/v1/search', 404],
  ])('%s %s answers %i', async (method, path, status) => {
    const answered = await new Promise<{ status: number; body: string; allow: string | undefined }>((resolve, reject) => {
      const headers = { authorization: PUSHER };
      const request = httpRequest({ host: '127.0.0.1', port: registry.port, method, path, headers }, response => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body, allow: response.headers.allow }));
      });
      request.on('error', reject).end();
    });
    expect(answered.status).toBe(status);
    expect(JSON.parse(answered.body)).toHaveProperty('errors');
    expect(answered.allow !== undefined).toBe(status === 405);
  });
});
