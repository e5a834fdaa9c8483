import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { homePaths } from '../platform/core/index.ts';
import type { ManagedObject } from '../platform/gitops/index.ts';
import { homeFolder, readConfig } from './config.ts';
import { openCredentials } from './credentials.ts';
import { lockHome } from './home-lock.ts';
import { choosePorts } from './ports.ts';
import { identityOf, isAlive } from './process-identity.ts';
import { compare } from './rebuild.ts';
import { repositoryBehind } from './seed.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-home-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the lock of a home', () => {
  it('is refused to a second owner while the first lives', async () => {
    const paths = homePaths(folder);
    const other = execFile('sleep', ['60']);
    try {
      await writeFile(paths.lock, JSON.stringify(await identityOf(other.pid ?? 0)));
      await expect(lockHome(paths)).rejects.toMatchObject({ code: 'HOME_IN_USE' });
    } finally {
      other.kill('SIGKILL');
    }
  });

  it('is taken from a dead owner, and from another process with its pid', async () => {
    const paths = homePaths(folder);
    await writeFile(paths.lock, JSON.stringify({ pid: 4_194_303, startTime: '1' }));
    await (await lockHome(paths))[Symbol.asyncDispose]();
    await writeFile(paths.lock, JSON.stringify({ pid: 1, startTime: 'another' }));
    const lock = await lockHome(paths);
    expect(JSON.parse(await readFile(paths.lock, 'utf8'))).toMatchObject({ pid: process.pid });
    await lock[Symbol.asyncDispose]();
    await expect(stat(paths.lock)).rejects.toThrow();
  });

  it('names a home that cannot be written', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    await chmod(file, 0o400);
    await expect(lockHome(homePaths(join(file, 'home')))).rejects.toMatchObject({ code: 'HOME_NOT_WRITABLE' });
  });
});

describe('ports', () => {
  it('are distinct, free, and the kept ones again', async () => {
    const first = await choosePorts({ asked: {}, kept: {} });
    expect(new Set(Object.values(first)).size).toBe(5);
    expect(await choosePorts({ asked: {}, kept: first })).toEqual(first);
  });

  it('refuse one that is taken, with the flag that mends it', async () => {
    const server = createServer();
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const failure = (await choosePorts({ asked: { registry: port }, kept: {} }).catch((error: unknown) => error)) as {
      code: string;
      hint: string;
      message: string;
    };
    server.close();
    expect(failure.code).toBe('PORT_IN_USE');
    expect(failure.message).toContain(`port ${port} is in use`);
    expect(failure.hint).toMatch(/^daruma up --registry-port \d+$/);
  });
});

describe('credentials', () => {
  it('are made once, readable by their owner alone, and know who is who', async () => {
    const paths = homePaths(folder);
    const first = await openCredentials(paths);
    const again = await openCredentials(paths);
    expect((await stat(paths.credentials)).mode & 0o777).toBe(0o600);
    const { token } = again.of('dev');
    expect(first.of('dev').token).toBe(token);
    expect(await again.authenticate('dev', token)).toEqual({ user: 'dev', role: 'developer' });
    expect(await again.authenticate('lead', token)).toBeUndefined();
    expect(await again.authenticate('dev', '')).toBeUndefined();
    expect(again.caller(again.of('node').token)).toBeUndefined();
    expect(again.caller(token)).toEqual({ user: 'dev', role: 'developer' });
  });
});

describe('the home folder', () => {
  it('refuses names that would leave it', () => {
    expect(() => homeFolder({ name: '../x' })).toThrow('cannot be used');
    expect(homeFolder({ home: '/somewhere' })).toBe('/somewhere');
  });

  it('says so when its configuration is damaged or newer', async () => {
    const paths = homePaths(folder);
    await writeFile(paths.config, '{');
    await expect(readConfig(paths)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await writeFile(paths.config, '{"version": 99}');
    await expect(readConfig(paths)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  });
});

it('a process is known by pid and start time', async () => {
  const me = await identityOf(process.pid);
  expect(await isAlive(me)).toBe(true);
  expect(await isAlive({ ...me, startTime: '1' })).toBe(false);
});

it('a rebuild is compared object by object, field by field', () => {
  const object = (name: string, replicas: number): ManagedObject => ({
    application: 'demo',
    resource: `Deployment.apps/${name}`,
    namespace: 'dev',
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas } },
  });
  const result = compare(
    [object('same', 1), object('changed', 1), object('gone', 1)],
    [object('same', 1), object('changed', 2), object('new', 1)],
  );
  expect(result).toEqual({
    equal: 1,
    different: [
      { resource: 'Deployment.apps/changed', namespace: 'dev', changes: [{ path: 'spec.replicas', desired: 1, live: 2 }] },
    ],
    missing: ['dev/Deployment.apps/gone'],
    extra: ['dev/Deployment.apps/new'],
  });
});

it('a repository is found behind both of its names, and behind no other', () => {
  const server = 'http://127.0.0.1:7080';
  expect(repositoryBehind('http://git.daruma.internal/demo-gitops.git', server)).toBe('demo-gitops');
  expect(repositoryBehind('http://127.0.0.1:7080/demo-gitops', server)).toBe('demo-gitops');
  expect(repositoryBehind('https://example.com/demo-gitops.git', server)).toBeUndefined();
});
