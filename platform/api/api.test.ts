import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DarumaError, Journal, silentLogger } from '../core/index.ts';
import { type ApiServer, createApiClient, type PlatformOperations, startApi } from './index.ts';

const operations = {
  status: async () => ({ name: 'test', ready: true }),
  applications: async () => [],
  application: async (name: string) => {
    throw new DarumaError('NOT_FOUND', `there is no application ${name}`, { hint: 'daruma apps' });
  },
  sync: async (name: string, body: unknown, caller: unknown) => ({ application: name, body, caller }),
  runLog: async function* (id: string, { signal }: { signal: AbortSignal }) {
    yield `log of ${id}\n`;
    if (id === 'endless') await new Promise(resolve => signal.addEventListener('abort', resolve));
  },
} as unknown as PlatformOperations;

let folder: string;
let journal: Journal;
let server: ApiServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-api-'));
  journal = await Journal.open(join(folder, 'journal.jsonl'));
  const authenticate = (token: string) => (token === 'good' ? { user: 'lead', role: 'lead' as const } : undefined);
  server = await startApi({ host: '127.0.0.1', port: 0, authenticate, operations, journal, logger: silentLogger });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const client = (token = 'good') => createApiClient({ url: server.url, token });

describe('the API', () => {
  it('refuses a missing or wrong token on every route', async () => {
    await expect(client('bad').status()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(client('bad').events()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const bare = await fetch(`${server.url}/api/v1/status`);
    expect(bare.status).toBe(401);
  });

  it('does not answer for the name of another site', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      request(
        {
          host: '127.0.0.1',
          port: server.port,
          path: '/api/v1/status',
          headers: { host: 'evil.example', authorization: 'Bearer good' },
        },
        response => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      )
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  it('carries errors with code and hint to the client', async () => {
    await expect(client().application('x')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'there is no application x',
      hint: 'daruma apps',
    });
  });

  it('passes the caller and the body on', async () => {
    const answer = (await client().sync('demo-dev', { prune: true })) as unknown as { body: unknown; caller: unknown };
    expect(answer.body).toEqual({ prune: true });
    expect(answer.caller).toEqual({ user: 'lead', role: 'lead' });
  });

  it('answers broken JSON with 400', async () => {
    const response = await fetch(`${server.url}/api/v1/applications/x/sync`, {
      method: 'POST',
      body: '{',
      headers: { authorization: 'Bearer good', 'content-type': 'application/json' },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('follows events from a seq on', async () => {
    journal.record('gitops.error', { message: 'one' });
    const second = journal.record('gitops.error', { message: 'two' });
    const stop = new AbortController();
    const seen: number[] = [];
    for await (const entry of client().followEvents(second.seq - 1, { signal: stop.signal })) {
      seen.push(entry.seq);
      if (seen.length === 1) journal.record('gitops.error', { message: 'three' });
      else stop.abort();
    }
    expect(seen).toEqual([second.seq, second.seq + 1]);
  });

  it('streams a log, and ends it when the reader leaves', async () => {
    let text = '';
    for await (const chunk of client().runLog('7')) text += chunk;
    expect(text).toBe('log of 7\n');
    const leave = new AbortController();
    for await (const chunk of client().runLog('endless', { follow: true, signal: leave.signal })) {
      expect(chunk).toBe('log of endless\n');
      leave.abort();
    }
  });

  it('says NOT_RUNNING when nothing answers', async () => {
    await expect(createApiClient({ url: 'http://127.0.0.1:9', token: 'x' }).status()).rejects.toMatchObject({
      code: 'NOT_RUNNING',
    });
  });
});
