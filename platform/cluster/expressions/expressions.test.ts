// Kubernetes' CEL as the API server uses it: rules of definitions, policies, the authorizer, and the life of the engine.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type AccessQuestion, Expressions, type PolicyRequest } from './index.ts';

const asked: AccessQuestion[] = [];
const expressions = new Expressions({
  authorize: question => {
    asked.push(question);
    return { allowed: question.verb === 'get', reason: 'so it is' };
  },
});
afterAll(() => expressions[Symbol.dispose]());

const schema = (rules: object[], properties: object = {}) => ({
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { min: { type: 'integer' }, max: { type: 'integer' }, ...properties },
      'x-kubernetes-validations': rules,
    },
  },
});

const definition = (openAPIV3Schema: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com', resourceVersion: '1' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    conversion: { strategy: 'None' },
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }],
  },
  status: { storedVersions: ['v1'] },
});

const widget = (spec: object) => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' }, spec });

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'n' }, data: { bad: '1' } };
const kind = { group: '', version: 'v1', resource: 'configmaps', kind: { group: '', version: 'v1', kind: 'ConfigMap' } };
const request: PolicyRequest = {
  object: configMap,
  oldObject: null,
  params: [null],
  namespaceObject: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels: { tier: 'one' } } },
  requested: kind,
  matched: kind,
  subresource: '',
  operation: 'CREATE',
  name: 'a',
  namespace: 'n',
  dryRun: false,
  options: null,
  user: { name: 'dev', uid: '', groups: ['developers'], extra: {} },
};
const policy = (spec: object) => ({ metadata: { name: 'p' }, spec: { failurePolicy: 'Fail', ...spec } });

describe('rules of a definition', () => {
  test('are compiled with Kubernetes words, and cost what Kubernetes estimates', () => {
    const faulty = schema([{ rule: 'self.nope == 1' }, { rule: 'self.list.all(x, self.list.all(y, x == y))' }], {
      list: { type: 'array', items: { type: 'string' } },
    });
    const errors = expressions.validateDefinition(definition(faulty));
    expect(errors[0]).toMatchObject({ type: 'Invalid value', badValue: { Rule: 'self.nope == 1' } });
    expect(errors[0]?.detail).toContain("undefined field 'nope'");
    expect(errors.map(({ detail }) => detail).join()).toContain('estimated rule cost exceeds budget by factor of more than 100x');
    expect(expressions.validateDefinition(definition(schema([{ rule: 'self.min <= self.max' }])))).toEqual([]);
  });

  test('judge objects and their transitions, and let through what did not change', () => {
    const rules = expressions.rulesOf(
      schema([
        { rule: 'self.min <= self.max', messageExpression: '"min " + string(self.min) + " is too big"' },
        { rule: 'self.max >= oldSelf.max', reason: 'FieldValueForbidden', fieldPath: '.max', message: 'max only grows' },
      ]),
    );
    expect(rules.validate(widget({ min: 1, max: 2 })).errors).toEqual([]);
    expect(rules.validate(widget({ min: 3, max: 2 })).errors).toEqual([
      { type: 'Invalid value', field: 'spec', badValue: 'object', detail: 'min 3 is too big' },
    ]);
    expect(rules.validate(widget({ min: 0, max: 1 }), widget({ min: 0, max: 2 })).errors).toMatchObject([
      { type: 'Forbidden', field: 'spec.max', detail: 'max only grows' },
    ]);
    expect(rules.validate(widget({ min: 3, max: 2 }), widget({ min: 3, max: 2 }))).toEqual({
      errors: [],
      warnings: ['spec: Invalid value: "object": min 3 is too big'],
    });
    rules.release();
  });
});

describe('a policy', () => {
  test('that does not compile is refused field by field', () => {
    const errors = expressions.checkPolicy(
      policy({
        variables: [{ name: 'x', expression: 'object.' }],
        validations: [{ expression: '1 + 1', messageExpression: 'nope' }],
      }),
    );
    expect(errors.map(({ field }) => field)).toEqual([
      'spec.variables[0].expression',
      'spec.validations[0].expression',
      'spec.validations[0].messageExpression',
    ]);
    expect(errors[1]?.detail).toBe('must evaluate to bool but got int');
  });

  test('decides with variables, parameters, the namespace and the authorizer', () => {
    const compiled = expressions.policyOf(
      policy({
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
        variables: [{ name: 'keys', expression: 'object.data.map(k, k)' }],
        validations: [
          {
            expression: 'variables.keys.all(k, k in params.data)',
            messageExpression: "'bad keys by ' + request.userInfo.username",
          },
          { expression: "namespaceObject.metadata.labels.tier == 'one'" },
          { expression: "authorizer.group('apps').resource('deployments').namespace('n').check('get').allowed()" },
          { expression: "authorizer.requestResource.check('delete').allowed()", message: 'no', reason: 'Forbidden' },
        ],
        auditAnnotations: [{ key: 'who', valueExpression: 'request.userInfo.username' }],
      }),
    );
    const params = [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'p' }, data: { good: '1' } }];
    const [verdict] = compiled.evaluate({ ...request, params });
    expect(verdict?.decisions).toEqual([
      { action: 'deny', message: 'bad keys by dev', reason: 'Invalid', index: 0 },
      { action: 'admit', index: 1 },
      { action: 'admit', index: 2 },
      { action: 'deny', message: 'no', reason: 'Forbidden', index: 3 },
    ]);
    expect(verdict?.annotations).toEqual([{ action: 'publish', key: 'who', value: 'dev' }]);
    expect(asked.at(-2)).toMatchObject({ user: 'dev', verb: 'get', group: 'apps', resource: 'deployments', namespace: 'n' });
    expect(asked.at(-1)).toMatchObject({ verb: 'delete', resource: 'configmaps', name: 'a' });
    compiled.release();
  });

  test('follows its failurePolicy when an expression fails, and skips what its conditions leave out', () => {
    const failing = { validations: [{ expression: 'object.data.absent == "1"' }] };
    const decide = (spec: object) => {
      const compiled = expressions.policyOf(policy(spec));
      const [verdict] = compiled.evaluate(request);
      compiled.release();
      return verdict?.decisions ?? [];
    };
    expect(decide(failing)).toMatchObject([{ action: 'deny' }]);
    expect(decide(failing)[0]?.message).toContain('no such key: absent');
    expect(decide({ ...failing, failurePolicy: 'Ignore' })).toMatchObject([{ action: 'admit' }]);
    const elsewhere = [{ name: 'elsewhere', expression: "request.namespace == 'other'" }];
    expect(decide({ ...failing, matchConditions: elsewhere })).toEqual([]);
  });
});

test('the engine is let go when nothing is left in it, and what was compiled before works with the next one', async () => {
  using own = new Expressions({ authorize: () => ({ allowed: false, reason: '' }), idleMs: 1 });
  await own.warm();
  const rules = own.rulesOf(schema([{ rule: 'self.min <= self.max' }]));
  expect(rules.validate(widget({ min: 3, max: 2 })).errors).toHaveLength(1);
  expect(own.loaded).toBe(true);
  rules.release();
  await vi.waitFor(() => expect(own.loaded).toBe(false), { timeout: 10_000 });
  expect(own.validateDefinition(definition(schema([{ rule: 'true' }])))).toEqual([]);
}, 60_000);

test('a schema that no engine survives fails its own request and no other', () => {
  let deep: object = { type: 'object' };
  for (let level = 0; level < 4000; level++) deep = { type: 'object', properties: { a: deep } };
  const hostile = schema([{ rule: 'true' }], { deep });
  try {
    expressions.validateDefinition(definition(hostile));
  } catch {
    // Refused or ended: either way it is over.
  }
  expect(expressions.validateDefinition(definition(schema([{ rule: 'self.min <= self.max' }])))).toEqual([]);
}, 120_000);

function hasGo(): boolean {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.skipIf(!process.env.DARUMA_TEST_ENGINE_REBUILD || !hasGo())('the committed engine', () => {
  test('is what its sources build', () => {
    const script = fileURLToPath(new URL('./engine/cel/build.mjs', import.meta.url));
    execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' });
  }, 900_000);
});
