// Who gets in and what they may do: tokens, certificates, service accounts, impersonation, roles, and the trail that is kept.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KubeClient } from '../../kube/index.ts';
import type { AuditEntry, AuditedWrite } from './audit.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' });
const REVIEWS = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

async function whoAmI(options: Parameters<TestServer['ask']>[2]): Promise<{ username: string; groups: string[] }> {
  const { text } = await server.ask('POST', REVIEWS, { body: review, ...options });
  return (JSON.parse(text) as { status: { userInfo: { username: string; groups: string[] } } }).status.userInfo;
}

describe('authentication', () => {
  it('takes tokens and client certificates, refuses wrong tokens everywhere, and lets nobody be anonymous', async () => {
    expect(await whoAmI({ token: 'dev-token' })).toMatchObject({
      username: 'dev',
      groups: ['developers', 'system:authenticated'],
    });
    const certificate = await server.authority.issueClientCertificate('eve', ['readers', 'writers']);
    expect(await whoAmI({ certificate })).toMatchObject({
      username: 'eve',
      groups: ['readers', 'writers', 'system:authenticated'],
    });
    expect((await server.ask('GET', '/healthz', { token: 'wrong' })).status).toBe(401);
    expect((await server.ask('GET', '/healthz', { token: '' })).text).toBe('ok');
    expect((await server.ask('GET', '/api', { token: '' })).status).toBe(403);
  });

  it('takes the tokens that it issues for service accounts, until the account has gone', async () => {
    await server.client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'default' } });
    const path = '/api/v1/namespaces/default/serviceaccounts/robot/token';
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const { status } = await server.client.raw<{ status: { token: string } }>('POST', path, { body });
    expect((await whoAmI({ token: status.token })).username).toBe('system:serviceaccount:default:robot');
    await server.client.delete({ apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name: 'robot' });
    expect((await server.ask('POST', REVIEWS, { body: review, token: status.token })).status).toBe(401);
  });
});

describe('authorization', () => {
  it('allows what a role binding grants and nothing else, and lets nobody grant more than they hold', async () => {
    const list = (token: string) => server.ask('GET', '/api/v1/namespaces/default/configmaps', { token });
    expect((await list('dev-token')).status).toBe(403);
    await server.client.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'reader', namespace: 'default' },
      rules: [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] },
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles'], verbs: ['create'] },
      ],
    });
    await server.client.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reader', namespace: 'default' },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'developers' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    });
    expect((await list('dev-token')).status).toBe(200);
    expect((await server.ask('GET', '/api/v1/namespaces/default/secrets', { token: 'dev-token' })).status).toBe(403);
    const role = (resources: string[]) =>
      JSON.stringify({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'x' },
        rules: [{ apiGroups: [''], resources, verbs: ['list'] }],
      });
    const create = (resources: string[]) =>
      server.ask('POST', '/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles?dryRun=All', {
        token: 'dev-token',
        body: role(resources),
      });
    expect((await create(['configmaps'])).status).toBe(201);
    expect((await create(['secrets'])).text).toContain('attempting to grant RBAC permissions not currently held');
  });

  it('lets masters act as others, and others not', async () => {
    const headers = { 'impersonate-user': 'frida', 'impersonate-group': ['one', 'two'] };
    expect(await whoAmI({ headers })).toMatchObject({ username: 'frida', groups: ['one', 'two', 'system:authenticated'] });
    expect((await server.ask('POST', REVIEWS, { body: review, token: 'dev-token', headers })).status).toBe(403);
  });
});

describe('the audit trail', () => {
  it('tells of each write with user, client and the resulting version, and keeps the versions of secrets to itself', async () => {
    const stop = new AbortController();
    const writes: AuditedWrite[] = [];
    const entries: AuditEntry[] = [];
    server.audit.follow(write => writes.push(write), { signal: stop.signal });
    server.audit.followEntries(entry => entries.push(entry), { signal: stop.signal });
    const body = (kind: string) => JSON.stringify({ apiVersion: 'v1', kind, metadata: { name: 'seen' } });
    const answer = await server.ask('POST', '/api/v1/namespaces/default/configmaps', {
      body: body('ConfigMap'),
      headers: { 'user-agent': 'kubectl/v1' },
    });
    await server.ask('POST', '/api/v1/namespaces/default/secrets', { body: body('Secret') });
    await server.ask('POST', '/api/v1/namespaces/default/configmaps', { body: body('ConfigMap') });
    await server.ask('GET', '/api/v1/namespaces/default/configmaps/seen');
    stop.abort();
    await server.ask('DELETE', '/api/v1/namespaces/default/configmaps/seen');
    const { metadata } = JSON.parse(answer.text) as { metadata: { uid: string; resourceVersion: string } };
    expect(writes).toEqual([
      {
        group: '',
        resource: 'configmaps',
        namespace: 'default',
        name: 'seen',
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        by: expect.objectContaining({ user: 'admin', client: 'kubectl/v1', sourceAddress: '127.0.0.1' }),
      },
      expect.not.objectContaining({ resourceVersion: expect.anything() }),
    ]);
    expect(entries.map(entry => [entry.verb, entry.code])).toEqual([
      ['create', 201],
      ['create', 201],
      ['create', 409],
      ['get', 200],
    ]);
  });

  it('holds for requests of this process as well', async () => {
    const stop = new AbortController();
    const seen: AuditEntry[] = [];
    server.audit.followEntries(entry => seen.push(entry), { signal: stop.signal });
    const client = new KubeClient(server.api.transportAs({ name: 'system:nobody', groups: [] }));
    await expect(client.list({ apiVersion: 'v1', kind: 'Secret' })).rejects.toMatchObject({ status: 403 });
    stop.abort();
    expect(seen).toMatchObject([{ user: 'system:nobody', code: 403, verb: 'list', resource: 'secrets' }]);
  });
});
