// Bad input of every kind is answered as Kubernetes answers it, and the server goes on.
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe('bad requests', () => {
  it.each([
    ['broken JSON', 'POST', CONFIG_MAPS, '{"apiVersion":', 400],
    ['no JSON', 'POST', CONFIG_MAPS, 'hello', 400],
    ['an array', 'POST', CONFIG_MAPS, '[]', 400],
    ['deep JSON', 'POST', CONFIG_MAPS, deep(50_000), 400],
    ['a body above the limit', 'POST', CONFIG_MAPS, `{"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}}`, 413],
    ['traversal', 'GET', '/api/v1/namespaces/../../../etc/passwd', undefined, 404],
    ['broken escapes', 'GET', '/api/v1/namespaces/%zz', undefined, 400],
    ['an escaped slash', 'GET', `${CONFIG_MAPS}/a%2Fb%2Fc`, undefined, 404],
    ['a name of prototypes', 'GET', `${CONFIG_MAPS}/__proto__`, undefined, 404],
    ['a resource of prototypes', 'GET', '/apis/__proto__/v1/constructor', undefined, 404],
    ['a bad selector', 'GET', `${CONFIG_MAPS}?labelSelector=a%3D%3D%3Db`, undefined, 400],
    ['a bad token', 'GET', `${CONFIG_MAPS}?continue=%F0%9F%92%A3`, undefined, 400],
    ['a bad number', 'GET', `${CONFIG_MAPS}?limit=many`, undefined, 400],
    ['an unknown method', 'PROPFIND', CONFIG_MAPS, undefined, 405],
  ])('%s', async (_name, method, path, body, status) => {
    const answer = await server.ask(method, path, body === undefined ? {} : { body });
    expect(answer.status).toBe(status);
  });

  it('answers whatever is asked, never with a fault of its own', async () => {
    const piece = fc.oneof(
      fc.string({ maxLength: 12 }),
      fc.constantFrom('api', 'apis', 'v1', 'namespaces', 'default', 'pods', 'status', '..', '', 'watch', 'proxy', 'log'),
    );
    const path = fc.array(piece, { maxLength: 8 }).map(pieces => `/${pieces.map(encodeURIComponent).join('/')}`);
    const query = fc.dictionary(
      fc.constantFrom(
        'limit',
        'continue',
        'labelSelector',
        'fieldSelector',
        'resourceVersion',
        'dryRun',
        'pretty',
        'timeoutSeconds',
      ),
      fc.string({ maxLength: 8 }),
    );
    const method = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
    const type = fc.constantFrom(
      'application/json',
      'application/merge-patch+json',
      'application/apply-patch+yaml',
      'application/yaml',
      'text/plain',
      'application/vnd.kubernetes.protobuf',
    );
    await fc.assert(
      fc.asyncProperty(
        method,
        path,
        query,
        type,
        fc.oneof(fc.json({ maxDepth: 3 }), fc.string()),
        async (verb, where, parameters, contentType, body) => {
          const search = new URLSearchParams(parameters).toString();
          const sent = verb === 'GET' || verb === 'DELETE' ? {} : { body, headers: { 'content-type': contentType } };
          const { status, text } = await server.ask(verb, `${where}?${search}`, sent);
          expect(status, text).toBeGreaterThanOrEqual(200);
          expect(text).not.toContain('Internal error occurred');
        },
      ),
      { numRuns: 150 },
    );
  }, 60_000);

  it('outlives bytes that are no HTTP and clients that leave', async () => {
    const socket = connect({ host: '127.0.0.1', port: server.api.port, ca: server.authority.certificate });
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      socket.on('data', chunk => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
      socket.on('error', reject);
      socket.write('NOT HTTP AT ALL\r\n\r\n');
    });
    expect(answer).toContain('400 Bad Request');
    expect((await server.ask('GET', '/readyz')).text).toBe('ok');
  });

  it('takes a bomb of YAML aliases for what it is', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[index]}`).join(',')}]`),
    ].join('\n');
    const { status } = await server.ask('POST', CONFIG_MAPS, { body: bomb, headers: { 'content-type': 'application/yaml' } });
    expect(status).toBe(400);
  });
});
