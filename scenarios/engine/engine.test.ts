import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiClient } from '../../platform/api/index.ts';
import { KubeClient } from '../../platform/kube/index.ts';
import type { ScenarioContext } from './context.ts';
import type { Scenario, ScenarioStep } from './index.ts';
import { playScenario, ScenarioSession, toJUnit } from './index.ts';
import { withVariables } from './variables.ts';

/** A platform of one number in the head of demo-app: pushing raises it. */
class World {
  head = 0;
  /** The push does nothing. */
  broken = false;
  readonly context: ScenarioContext;

  constructor() {
    const sha = () => String(this.head).padStart(40, '0');
    const api = {
      events: async () => [],
      followEvents: async function* () {},
    } as unknown as ApiClient;
    this.context = {
      api: () => api,
      cluster: new KubeClient({
        request: async () => ({
          status: 200,
          headers: {},
          text: async () => JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'u' } }),
          lines: async function* () {},
          bytes: async function* () {},
        }),
        [Symbol.asyncDispose]: async () => {},
      }),
      git: {
        folder: repository => repository,
        prepare: async () => {},
        remoteHead: async repository => (repository === 'demo-app' ? sha() : 'f'.repeat(40)),
        git: async (_repository, args) => {
          if (args[0] === 'push' && this.broken) throw new Error('git push failed: no');
          if (args[0] === 'push') this.head++;
          return '';
        },
        remoteFile: async () => 'text',
      },
      http: async () => ({ status: 200, body: '' }),
      imageTags: async () => [],
      variables: new Map([['work', '/w']]),
      baseline: undefined,
    };
  }
}

const moved = { title: 'it moved', name: 'git', parameters: { repository: 'demo-app', moved: true }, line: 1 };
const pushed = { name: 'push', parameters: { repository: 'demo-app' }, line: 1 };
const step = (id: string, more: Partial<ScenarioStep> = {}): ScenarioStep => ({
  id,
  title: id,
  goal: 'g',
  text: 'cd ${work}',
  setup: [],
  checks: [moved],
  hints: ['in ${work}', 'push'],
  solve: [pushed],
  timeoutMs: 10_000,
  ...more,
});
const scenario = (id: string, steps: ScenarioStep[]): Scenario => ({
  id,
  number: 1,
  title: id,
  summary: '',
  minutes: 1,
  file: '',
  setup: [],
  steps,
});

let folder: string;
let world: World;
const signal = AbortSignal.timeout(50_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-session-'));
  world = new World();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('every step is proven: open before its solve, done after it', async () => {
  const seen: string[] = [];
  const result = await playScenario(scenario('s', [step('a'), step('b')]), world.context, {
    signal,
    onStep: ({ step: id, status }) => seen.push(`${id} ${status}`),
  });
  expect(result).toMatchObject({ status: 'passed', steps: [{ detail: 'demo-app at 0000000', checks: [{ ok: true }] }, {}] });
  expect(seen).toEqual(['a passed', 'b passed']);
});

test('a check that holds before the solve proves nothing, and the steps behind it are skipped', async () => {
  const holds = { title: 'there', name: 'http', parameters: { host: 'h', path: '/' }, line: 1 };
  const result = await playScenario(scenario('s', [step('a', { checks: [holds] }), step('b')]), world.context, { signal });
  expect(result.steps).toMatchObject([
    { status: 'failed', detail: expect.stringContaining('prove nothing') },
    { status: 'skipped' },
  ]);
  expect(toJUnit([result])).toContain('<testsuites name="daruma" tests="2" failures="1" skipped="1"');
});

test('a solve that does not help fails with what is missing', async () => {
  const result = await playScenario(scenario('s', [step('a', { solve: [], timeoutMs: 1 })]), world.context, { signal });
  expect(result.steps[0]).toMatchObject({
    status: 'failed',
    detail: expect.stringContaining('it moved: demo-app still stands at'),
  });
});

test('variables that nothing remembered are named', async () => {
  const unknown = { ...moved, parameters: { repository: 'demo-app', moved: true, subject: '${gone}' } };
  const result = await playScenario(scenario('s', [step('a', { checks: [unknown], timeoutMs: 1 })]), world.context, { signal });
  expect(result.steps[0]?.detail).toContain('nothing has remembered ${gone}');
});

test('remembered values are put in everywhere, and an escaped one stays', () => {
  const variables = new Map([['a', 'x']]);
  expect(withVariables({ one: ['${a}-$${b}'], two: 1, three: '${a.b}' }, variables)).toEqual({
    one: ['x-${b}'],
    two: 1,
    three: '${a.b}',
  });
});

async function until(session: ScenarioSession, phase: string): Promise<void> {
  await expect.poll(() => session.state().phase, { timeout: 20_000, interval: 10 }).toBe(phase);
}

test('a session waits for the learner, does it for them, skips, and remembers', async () => {
  const scenarios = [scenario('one', [step('a'), step('b')]), scenario('two', [step('c')])];
  const options = { scenarios, context: world.context, progressFile: join(folder, 'tour.json') };
  const session = await ScenarioSession.open(options);
  await until(session, 'waiting');
  expect(session.state()).toMatchObject({
    step: 0,
    steps: [{ state: 'current', text: 'cd /w', hints: ['in /w', 'push'] }, { state: 'open' }],
  });
  world.head++;
  await until(session, 'solved');
  await session.next();
  await until(session, 'waiting');
  await session[Symbol.asyncDispose]();

  world.context.variables.clear();
  const again = await ScenarioSession.open(options);
  expect(again.state()).toMatchObject({ scenario: { id: 'one' }, step: 1 });
  await until(again, 'waiting');
  world.broken = true;
  again.solve();
  await expect.poll(() => again.state().message, { timeout: 20_000 }).toBe('git push failed: no');
  expect(again.state().phase).toBe('waiting');
  await again.skip();
  expect(again.state().scenario.id).toBe('two');
  world.broken = false;
  await until(again, 'waiting');
  again.solve();
  await until(again, 'finished');
  expect(again.state().scenarios).toMatchObject([{ done: false }, { done: true }]);
  await again.select('one');
  await until(again, 'waiting');
  await again.reset();
  await until(again, 'waiting');
  await again[Symbol.asyncDispose]();
  expect(JSON.parse(await readFile(options.progressFile, 'utf8'))).toMatchObject({ scenario: 'one', step: 0, done: ['two'] });
});

test('a setup that fails is said, and reset tries again', async () => {
  world.broken = true;
  const failing = { ...scenario('one', [step('a')]), setup: [pushed] };
  const session = await ScenarioSession.open({
    scenarios: [failing],
    context: world.context,
    progressFile: join(folder, 'tour.json'),
  });
  await until(session, 'failed');
  expect(session.state().message).toBe('git push failed: no');
  world.broken = false;
  await session.reset();
  await until(session, 'waiting');
  await session[Symbol.asyncDispose]();
});
