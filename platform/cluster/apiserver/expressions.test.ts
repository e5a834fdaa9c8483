// Rules of definitions and admission policies through the API, as a client meets them.
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditEntry } from './audit.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const REGISTRATION = '/apis/admissionregistration.k8s.io/v1';
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

async function ask(method: string, path: string, body?: object, type = 'application/json') {
  const options = body ? { body: JSON.stringify(body), headers: { 'content-type': type } } : {};
  const { status, headers, text } = await server.ask(method, path, options);
  return { status, warning: headers['warning'], body: JSON.parse(text) as { message?: string; reason?: string } };
}

async function bindPolicy(name: string, spec: object, binding: object = {}): Promise<AsyncDisposable> {
  const about = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name } };
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['configmaps'] }];
  const policy = { ...about, kind: 'ValidatingAdmissionPolicy', spec: { matchConstraints: { resourceRules }, ...spec } };
  expect((await ask('POST', `${REGISTRATION}/validatingadmissionpolicies`, policy)).status).toBe(201);
  const bound = { policyName: name, validationActions: ['Deny'], ...binding };
  const body = { ...about, kind: 'ValidatingAdmissionPolicyBinding', spec: bound };
  expect((await ask('POST', `${REGISTRATION}/validatingadmissionpolicybindings`, body)).status).toBe(201);
  return {
    async [Symbol.asyncDispose]() {
      await ask('DELETE', `${REGISTRATION}/validatingadmissionpolicybindings/${name}`);
      await ask('DELETE', `${REGISTRATION}/validatingadmissionpolicies/${name}`);
    },
  };
}

const configMap = (name: string, data: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

test('rules of a definition hold for its objects, and change with it', async () => {
  const rule = (max: number) => [{ rule: `self.size < ${max}`, message: `size must be below ${max}` }];
  const spec = (max: number) => ({
    type: 'object',
    properties: { size: { type: 'integer' } },
    'x-kubernetes-validations': rule(max),
  });
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: spec(10) } } };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'boxes.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Cluster',
      names: { plural: 'boxes', singular: 'box', kind: 'Box', listKind: 'BoxList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  expect((await ask('POST', path, definition)).status).toBe(201);
  const box = (size: number | string) => ({ apiVersion: 'example.com/v1', kind: 'Box', metadata: { name: 'a' }, spec: { size } });
  expect((await ask('POST', '/apis/example.com/v1/boxes', box(11))).body.message).toBe(
    'Box.example.com "a" is invalid: spec: Invalid value: "object": size must be below 10',
  );
  expect((await ask('POST', '/apis/example.com/v1/boxes', box('x'))).body.message).toContain(
    'some validation rules were not checked',
  );
  expect((await ask('POST', '/apis/example.com/v1/boxes', box(9))).status).toBe(201);
  const tighter = [{ op: 'replace', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec', value: spec(5) }];
  expect((await ask('PATCH', `${path}/boxes.example.com`, tighter, 'application/json-patch+json')).status).toBe(200);
  const labelled = await ask(
    'PATCH',
    '/apis/example.com/v1/boxes/a',
    { metadata: { labels: { a: 'b' } } },
    'application/merge-patch+json',
  );
  expect(labelled).toMatchObject({ status: 200, warning: expect.stringContaining('size must be below 5') });
  const larger = await ask('PATCH', '/apis/example.com/v1/boxes/a', { spec: { size: 8 } }, 'application/merge-patch+json');
  expect(larger.body.message).toContain('size must be below 5');
});

test('a policy refuses creates, updates and deletions, and is gone with its binding', async () => {
  {
    await using _policy = await bindPolicy('keep', {
      validations: [
        { expression: "request.operation == 'DELETE' || 'a' in object.data", reason: 'Forbidden' },
        { expression: "request.operation != 'DELETE' || !('keep' in oldObject.data)", message: 'it is kept' },
      ],
    });
    expect(await ask('POST', CONFIG_MAPS, configMap('x', { b: '1' }))).toMatchObject({
      status: 403,
      body: { reason: 'Forbidden' },
    });
    expect((await ask('POST', CONFIG_MAPS, configMap('x', { a: '1', keep: '1' }))).status).toBe(201);
    expect((await ask('PATCH', `${CONFIG_MAPS}/x`, { data: { a: null } }, 'application/merge-patch+json')).status).toBe(403);
    const refused = await ask('DELETE', `${CONFIG_MAPS}/x`);
    expect(refused).toMatchObject({
      status: 422,
      body: {
        message: `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'keep' with binding 'keep' denied request: it is kept`,
      },
    });
  }
  expect((await ask('DELETE', `${CONFIG_MAPS}/x`)).status).toBe(200);
});

test('warnings and audit annotations let a request pass', async () => {
  await using _policy = await bindPolicy(
    'soft',
    {
      validations: [{ expression: 'false', message: 'not nice' }],
      auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }],
    },
    { validationActions: ['Warn', 'Audit'] },
  );
  const entries: AuditEntry[] = [];
  using stop = {
    ended: new AbortController(),
    [Symbol.dispose]() {
      this.ended.abort();
    },
  };
  server.audit.followEntries(entry => entries.push(entry), { signal: stop.ended.signal });
  const answer = await ask('POST', CONFIG_MAPS, configMap('soft', {}));
  expect(answer).toMatchObject({ status: 201, warning: expect.stringContaining("'soft' with binding 'soft': not nice") });
  const noted = entries.find(({ name }) => name === 'soft')?.annotations;
  expect(noted?.['soft/who']).toBe('admin');
  expect(noted?.['validation.policy.admission.k8s.io/validation_failure']).toContain('not nice');
});

test('equivalent resources and scales are what the rules name', async () => {
  const rule = (apiGroups: string[], resources: string[], operations: string[]) => ({
    matchConstraints: { resourceRules: [{ apiGroups, apiVersions: ['v1'], resources, operations }] },
  });
  await using _autoscalers = await bindPolicy('cpu', {
    ...rule(['autoscaling'], ['horizontalpodautoscalers'], ['CREATE']),
    validations: [{ expression: 'object.spec.targetCPUUtilizationPercentage < 50' }],
  });
  await using _scales = await bindPolicy('scales', {
    ...rule(['apps'], ['deployments/scale'], ['UPDATE']),
    validations: [
      {
        expression: 'object.spec.replicas < 3',
        messageExpression: "'too many for a ' + object.kind + ' of ' + request.kind.group",
      },
    ],
  });
  const target = { type: 'Utilization', averageUtilization: 80 };
  const autoscaler = {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h' },
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    },
  };
  expect((await ask('POST', '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers', autoscaler)).status).toBe(422);
  const labels = { app: 'd' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } };
  const deployments = '/apis/apps/v1/namespaces/default/deployments';
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd' },
    spec: { selector: { matchLabels: labels }, template },
  };
  expect((await ask('POST', deployments, deployment)).status).toBe(201);
  const scaled = await ask('PATCH', `${deployments}/d/scale`, { spec: { replicas: 5 } }, 'application/merge-patch+json');
  expect(scaled.body.message).toContain('too many for a Scale of autoscaling');
});

// The last one: the second server closes the store that it shares.
test('rules hold after a restart on the same store', async () => {
  await using next = await startTestServer({ store: server.store });
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ apiVersion: 'example.com/v1', kind: 'Box', metadata: { name: 'b' }, spec: { size: 6 } });
  const answer = await next.ask('POST', '/apis/example.com/v1/boxes', { body, headers });
  expect(answer.text).toContain('size must be below 5');
});
