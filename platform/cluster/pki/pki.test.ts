// Certificates that TLS stacks accept, kept over restarts and readable by their owner alone.
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAuthority, loadTokenKeys } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-pki-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('issues server and client certificates under one authority that is kept', async () => {
  const first = await createAuthority(folder);
  const again = await createAuthority(folder);
  expect(again.certificate).toBe(first.certificate);
  const authority = new X509Certificate(first.certificate);
  const server = new X509Certificate((await again.issueServerCertificate(['localhost', '127.0.0.1', '10.96.0.1'])).certificate);
  expect(server.verify(authority.publicKey)).toBe(true);
  expect(server.checkHost('localhost')).toBe('localhost');
  expect(server.checkIP('10.96.0.1')).toBe('10.96.0.1');
  const client = new X509Certificate((await again.issueClientCertificate('eve', ['a', 'b'])).certificate);
  expect(client.verify(authority.publicKey)).toBe(true);
  expect(client.subject.split('\n').sort()).toEqual(['CN=eve', 'O=a', 'O=b']);
});

it('keeps keys with mode 0600 and reuses them', async () => {
  await createAuthority(folder);
  const keys = await loadTokenKeys(folder);
  expect((await loadTokenKeys(folder)).keyId).toBe(keys.keyId);
  for (const name of ['ca.key', 'service-account.key']) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
});

it('says so when its files are damaged', async () => {
  await createAuthority(folder);
  await writeFile(join(folder, 'ca.key'), 'nonsense');
  await expect(createAuthority(folder)).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(await readFile(join(folder, 'ca.crt'), 'utf8')).toContain('BEGIN CERTIFICATE');
});
