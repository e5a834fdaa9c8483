import { expect, test } from 'vitest';
import type { ApiClient } from '../../../platform/api/index.ts';
import type { KubeClient, KubeObject } from '../../../platform/kube/index.ts';
import type { ScenarioContext } from '../context.ts';
import { evaluateChecks } from '../evaluate.ts';

const HEAD = 'a'.repeat(40);
const OLD = 'b'.repeat(40);
const IMAGE = 'registry.daruma.internal/demo-app';

interface Platform {
  drift?: object[];
  events?: object[];
  runs?: object[];
  application?: object;
  history?: object[];
  tags?: string[];
  answer?: { status: number; body: string };
  object?: object;
  uid?: string;
}

/** The answer of one check about a platform that is in this state. */
async function ask(name: string, parameters: object, platform: Platform) {
  const api = {
    drift: async () => platform.drift ?? [],
    events: async () => platform.events ?? [],
    runs: async () => platform.runs ?? [],
    application: async () => ({
      name: 'demo-dev',
      replicas: { ready: 1, wanted: 1 },
      message: '',
      behind: 0,
      images: [],
      ...platform.application,
    }),
    history: async () => platform.history ?? [],
  } as unknown as ApiClient;
  const cluster = {
    get: async ({ kind }: { kind: string }) =>
      (kind === 'Namespace' ? { metadata: { uid: platform.uid ?? 'u' } } : platform.object) as KubeObject | undefined,
  } as unknown as KubeClient;
  const context: ScenarioContext = {
    api: () => api,
    cluster,
    git: {
      folder: () => '',
      prepare: async () => {},
      remoteHead: async () => HEAD,
      git: async () => 'Revert "x"',
      remoteFile: async (_repository, _sha, path) => (path === 'gone' ? undefined : `count: 2\ntag: ${HEAD}-1\n`),
    },
    http: async () => platform.answer ?? { status: 200, body: 'ok' },
    imageTags: async () => platform.tags ?? [],
    variables: new Map(),
    baseline: { time: '2026-01-01T00:00:10.000Z', seq: 1, heads: { 'demo-app': OLD, 'demo-gitops': HEAD }, clusterUid: 'u' },
  };
  const call = { title: 't', name, parameters: parameters as Record<string, unknown>, line: 1 };
  const [state] = await evaluateChecks([call], context, { signal: new AbortController().signal });
  return state;
}

const drifted = {
  application: 'demo-dev',
  resource: 'Deployment.apps/demo',
  kind: 'changed',
  changes: [{ path: 'spec.replicas', desired: 1, live: 5 }],
  seenAt: '2026-01-01T00:00:11.000Z',
  by: { manager: 'kubectl', user: 'admin', source: 'audit' },
};
const wanted = { application: 'demo-dev', resource: 'Deployment/demo', healed: true };
const rebuilt = (counts: object) => [
  { type: 'rebuild.finished', data: { recoveryMs: 900, equal: 30, different: 0, missing: 0, extra: 0, ...counts } },
];
const run = (more: object) => [{ repository: 'demo-app', sha: HEAD, number: 4, state: 'success', jobs: [], ...more }];
const version = { host: 'h', path: '/version', version: { headOf: 'demo-app' } };

test.each<[string, object, Platform, boolean, string]>([
  [
    'drift',
    wanted,
    { drift: [{ ...drifted, healedMs: 5, healedAt: 'x' }] },
    true,
    'spec.replicas 1 → 5 by admin (kubectl), healed in 5 ms',
  ],
  ['drift', wanted, { drift: [drifted] }, false, 'not healed yet'],
  ['drift', { ...wanted, healed: false }, { drift: [{ ...drifted, by: undefined }] }, false, 'by whom'],
  ['drift', wanted, { drift: [{ ...drifted, seenAt: '2026-01-01T00:00:09.000Z' }] }, false, 'nobody has touched'],
  ['drift', wanted, { drift: [{ ...drifted, resource: 'Service/demo' }] }, false, 'nobody has touched'],
  ['git', { repository: 'demo-app', moved: true }, {}, true, 'aaaaaaa'],
  ['git', { repository: 'demo-gitops', moved: true }, {}, false, 'still stands'],
  ['git', { repository: 'demo-app', file: { path: 'f', matches: 'count: 2$' } }, {}, true, ''],
  ['git', { repository: 'demo-app', file: { path: 'f', matches: 'count: 3$' } }, {}, false, 'does not hold'],
  ['git', { repository: 'demo-app', file: { path: 'gone', matches: '' } }, {}, false, 'has no gone'],
  ['git', { repository: 'demo-gitops', names: { path: 'f', headOf: 'demo-app' } }, {}, true, 'names aaaaaaa'],
  ['git', { repository: 'demo-gitops', subject: '^Merge' }, {}, false, 'Revert'],
  ['pipeline', { repository: 'demo-app', outcome: 'success' }, { runs: run({}) }, true, 'run 4'],
  ['pipeline', { repository: 'demo-app', outcome: 'success' }, { runs: run({ sha: OLD }) }, false, 'no run for aaaaaaa'],
  ['pipeline', { repository: 'demo-app', outcome: 'success' }, { runs: run({ state: 'failure', reason: 'red' }) }, false, 'red'],
  ['pipeline', { repository: 'demo-app', outcome: 'failure' }, { runs: run({ state: 'running' }) }, false, 'running'],
  ['registry', { image: 'demo-app', headOf: 'demo-app', present: false }, { tags: [`${OLD}-1`] }, true, 'no image'],
  ['registry', { image: 'demo-app', headOf: 'demo-app', present: false }, { tags: [`${HEAD}-1`] }, false, 'has an image'],
  ['http', version, { answer: { status: 200, body: `{"version":"${HEAD}-1"}` } }, true, 'version aaaaaaa'],
  ['http', version, { answer: { status: 200, body: `{"version":"${OLD}-1"}` } }, false, 'version bbbbbbb'],
  ['http', version, { answer: { status: 503, body: '' } }, false, 'answers 503'],
  ['http', { host: 'h', path: '/', json: { a: 1 } }, { answer: { status: 200, body: 'no' } }, false, 'JSON'],
  [
    'application',
    { name: 'demo-dev', sync: 'Synced' },
    { application: { sync: 'OutOfSync', health: 'Healthy' } },
    false,
    'OutOfSync',
  ],
  [
    'application',
    { name: 'demo-dev', health: ['Progressing', 'Degraded'] },
    { application: { health: 'Degraded' } },
    true,
    'Degraded',
  ],
  [
    'application',
    { name: 'demo-dev', runs: { headOf: 'demo-app' } },
    { application: { images: [`${IMAGE}:${HEAD}-1`] } },
    true,
    '',
  ],
  [
    'application',
    { name: 'demo-dev', runs: { headOf: 'demo-app' } },
    { application: { images: [`${IMAGE}:${OLD}-1`] } },
    false,
    'runs bbbbbbb',
  ],
  [
    'application',
    { name: 'demo-dev', runs: { headOf: 'demo-app', not: true } },
    { application: { images: [`${IMAGE}:${HEAD}`] } },
    false,
    '',
  ],
  ['application', { name: 'demo-dev', behind: true }, { application: { behind: 0 } }, false, '0 behind'],
  ['cluster', { kind: 'Service', name: 's' }, {}, false, 'is not there'],
  ['cluster', { kind: 'Service', name: 's', absent: true }, { object: {} }, false, 'is there'],
  [
    'cluster',
    { kind: 'D', name: 'd', fields: { 'spec.c.0.i': 'x' } },
    { object: { spec: { c: [{ i: 'x' }] } } },
    true,
    'spec.c.0.i "x"',
  ],
  ['cluster', { kind: 'D', name: 'd', fields: { 'status.ready': 2 } }, { object: { spec: {} } }, false, 'not 2'],
  ['event', { type: 'e', data: { a: 1 } }, { events: [{ type: 'e', data: { a: 1 }, actor: 'ana' }] }, true, 'by ana'],
  ['event', { type: 'e', data: { a: 1 } }, { events: [{ type: 'e', data: { a: 2 } }] }, false, 'no e 1 yet'],
  [
    'history',
    { application: 'demo-prod' },
    { application: { images: ['i:2'] }, history: [{ id: 3, images: ['i:1'] }] },
    true,
    'entry 3',
  ],
  [
    'history',
    { application: 'demo-prod' },
    { application: { images: ['i:2'] }, history: [{ id: 3, images: ['i:2'] }] },
    false,
    'one version',
  ],
  ['rebuilt', {}, { uid: 'other', events: rebuilt({}) }, true, '30 equal'],
  ['rebuilt', {}, { uid: 'other', events: rebuilt({ missing: 1 }) }, false, '1 missing'],
  ['rebuilt', {}, { uid: 'other', events: rebuilt({ equal: 0 }) }, false, '0 equal'],
  ['rebuilt', {}, { uid: 'u', events: rebuilt({}) }, false, 'the one from before'],
  ['rebuilt', {}, {}, false, 'still stands'],
])('%s %j about %j is %s', async (name, parameters, platform, ok, detail) => {
  expect(await ask(name, parameters, platform)).toMatchObject({ ok, detail: expect.stringContaining(detail) });
});
