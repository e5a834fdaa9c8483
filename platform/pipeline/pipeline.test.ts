import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath, type EventPayloads, type EventSink, type EventType, type RunView, silentLogger } from '../core/index.ts';
import type { BumpRequest, CommitStatus, Pipeline, PipelineOptions, PushEvent } from './index.ts';
import { createPipeline } from './index.ts';

const SHA = 'a'.repeat(40);
let directory: string;
let pipelines: Pipeline[];
let files: Record<string, string>;
let recorded: { type: EventType; data: EventPayloads[EventType] }[];
let statuses: CommitStatus[];
let bumps: BumpRequest[];
let builtFrom: string[][];

const events: EventSink = {
  record: (type, data) => {
    recorded.push({ type, data });
    return { seq: 1, time: '', type, data } as never;
  },
};

async function open(extra: Partial<PipelineOptions> = {}): Promise<Pipeline> {
  const pipeline = await createPipeline({
    directory,
    repositories: {
      checkout: async (_repository, _sha, into) => {
        for (const [path, text] of Object.entries(files)) {
          await mkdir(dirname(join(into, path)), { recursive: true });
          await writeFile(join(into, path), text);
        }
      },
    },
    actions: {
      buildAndPush: async ({ directory: context, repository, sha, log }) => {
        builtFrom.push((await readdir(context)).sort());
        log('one layer');
        return { image: `registry.daruma.internal/${repository}`, tag: `${sha.slice(0, 7)}-1`, digest: 'sha256:00' };
      },
      bump: async request => {
        bumps.push(request);
        return { commit: 'b'.repeat(40) };
      },
    },
    events,
    logger: silentLogger,
    statusSink: status => statuses.push(status),
    ...extra,
  });
  pipelines.push(pipeline);
  return pipeline;
}

const push = (over: Partial<PushEvent> = {}): PushEvent => ({
  repository: 'demo-app',
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: SHA,
  actor: 'you',
  commits: [{ sha: SHA, subject: 'fix: greet by name', author: 'you' }],
  ...over,
});

const workflow = (jobs: string, head = '') => `name: ci\non: push\n${head}jobs:\n${jobs}`;
const oneJob = (steps: string, more = '') => workflow(`  a:\n    runs-on: ubuntu-latest\n${more}    steps:\n${steps}`);

async function play(text: string, pipeline?: Pipeline): Promise<{ run: RunView; log: string[] }> {
  files['.github/workflows/ci.yaml'] = text;
  const used = pipeline ?? (await open());
  const [started] = await used.start(push());
  const run = await used.finished(started?.id ?? '');
  const log: string[] = [];
  for await (const line of used.logs(run.id)) log.push(line);
  return { run, log };
}

const states = (run: RunView) =>
  Object.fromEntries(run.jobs.map(job => [job.name, [job.state, ...job.steps.map(step => step.state)]]));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'daruma-pipeline-'));
  [pipelines, files, recorded, statuses, bumps, builtFrom] = [[], {}, [], [], [], []];
});
afterEach(async () => {
  for (const pipeline of pipelines) await pipeline[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

async function demoApp(): Promise<void> {
  const folder = assetPath('templates/demo-app');
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1)] = await readFile(path, 'utf8');
  }
}

test('tests, builds and bumps the demo application', async () => {
  await demoApp();
  const pipeline = await open();
  const [started] = await pipeline.start(push());
  expect(started).toMatchObject({ id: 'demo-app-1', subject: 'fix: greet by name', actor: 'you' });
  const run = await pipeline.finished('demo-app-1');
  expect(run.reason).toBeUndefined();
  expect(states(run)).toEqual({
    test: ['success', 'success', 'success'],
    image: ['success', 'success', 'success'],
    bump: ['success', 'success'],
  });
  expect(run).toMatchObject({ state: 'success', image: 'registry.daruma.internal/demo-app:aaaaaaa-1', digest: 'sha256:00' });
  expect(builtFrom[0]).toContain('Dockerfile');
  expect(bumps).toMatchObject([{ tag: 'aaaaaaa-1', sha: SHA, run: 'demo-app-1' }]);
  expect(statuses.map(({ state }) => state)).toEqual(['pending', 'pending', 'success']);
  expect(recorded.map(({ type }) => type)).toContain('pipeline.run.finished');
  expect(await readdir(join(directory, 'work'))).toEqual([]);
});

test('a failing test stops the change before an image exists', async () => {
  await demoApp();
  files['test/broken.test.js'] =
    "import assert from 'node:assert'; import {test} from 'node:test'; test('x', () => assert.equal(1, 2));";
  const pipeline = await open();
  await pipeline.start(push());
  const run = await pipeline.finished('demo-app-1');
  expect(run).toMatchObject({ state: 'failure', reason: 'step "Unit tests" of job test ended with exit code 1' });
  expect(states(run)).toEqual({
    test: ['failure', 'success', 'failure'],
    image: ['skipped', 'skipped', 'skipped'],
    bump: ['skipped', 'skipped'],
  });
  expect([builtFrom, bumps]).toEqual([[], []]);
  expect(statuses.at(-1)).toMatchObject({ sha: SHA, state: 'failure', context: 'ci' });
});

test('outputs, environment and paths flow from step to step and from job to job', async () => {
  const { run, log } = await play(
    workflow(
      `  a:
    runs-on: ubuntu-latest
    outputs:
      word: \${{ steps.say.outputs.word }}
    env:
      B: \${{ env.A }}b
    steps:
      - id: say
        run: |
          echo "word=$B" >> "$GITHUB_OUTPUT"
          printf 'C<<END\\ntwo\\nlines\\nEND\\n' >> "$GITHUB_ENV"
          mkdir -p bin && printf '#!/bin/sh\\necho from the tool' > bin/tool && chmod +x bin/tool
          echo "$PWD/bin" >> "$GITHUB_PATH"
      - run: tool && echo "$C" && echo "$D"
        env:
          D: \${{ format('{0}-{1}', env.B, github.ref_name) }}
  b:
    needs: a
    runs-on: ubuntu-latest
    if: needs.a.outputs.word == 'AB'
    steps:
      - run: echo "got \${{ needs.a.outputs.word }} in $GITHUB_REPOSITORY by $GITHUB_ACTOR"
  c:
    needs: [a]
    runs-on: ubuntu-latest
    if: needs.a.outputs.word == 'other'
    steps: [{ run: 'false' }]
`,
      'env:\n  A: a\n',
    ),
  );
  expect(states(run)).toMatchObject({
    a: ['success', 'success', 'success'],
    b: ['success', 'success'],
    c: ['skipped', 'skipped'],
  });
  expect(log).toEqual(
    expect.arrayContaining(['a | from the tool', 'a | two', 'a | lines', 'a | ab-main', 'b | got ab in demo-app by you']),
  );
});

test('conditions see failures, and tolerated steps do not fail a job', async () => {
  const { run } = await play(
    workflow(`  a:
    runs-on: x
    steps:
      - { id: soft, run: exit 3, continue-on-error: true }
      - { run: 'test "\${{ steps.soft.outcome }} \${{ steps.soft.conclusion }}" = "failure success"' }
      - { run: exit 4 }
      - { run: 'true' }
      - { if: failure(), run: 'true' }
      - { if: "\${{ always() && job.status == 'failure' }}", run: 'true' }
  after:
    needs: a
    runs-on: x
    if: failure()
    steps: [{ run: 'true' }]
  never:
    needs: a
    runs-on: x
    steps: [{ run: 'true' }]
`),
  );
  expect(states(run)).toEqual({
    a: ['failure', 'failure', 'success', 'failure', 'skipped', 'success', 'success'],
    after: ['success', 'success'],
    never: ['skipped', 'skipped'],
  });
  expect(run.reason).toBe('step "Run exit 4" of job a ended with exit code 4');
});

test('a time limit ends the step and everything that it started', async () => {
  const { run } = await play(oneJob(`      - { run: 'sleep 300 & echo $! > "$HOME/pid"; wait', timeout-minutes: 0.01 }\n`));
  expect(run).toMatchObject({ state: 'failure', reason: expect.stringContaining('took longer than 0.01 minutes') });
  const pid = Number(await readFile(join(directory, 'home', 'pid'), 'utf8'));
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('background processes of a step end with it', async () => {
  const { run, log } = await play(oneJob(`      - run: sleep 300 & echo started\n`));
  expect(run.state).toBe('success');
  expect(log).toContain('a | started');
});

test('logs are followed live, and a run is cancelled', async () => {
  files['.github/workflows/ci.yaml'] = oneJob(`      - run: echo first; sleep 300\n`);
  const pipeline = await open();
  await pipeline.start(push());
  const seen: string[] = [];
  for await (const line of pipeline.logs('demo-app-1', { follow: true })) {
    seen.push(line);
    if (line === 'a | first') expect(await pipeline.cancel('demo-app-1')).toBe(true);
  }
  expect(seen.at(-1)).toBe('cancelled: cancelled by a user');
  expect(pipeline.run('demo-app-1')).toMatchObject({ state: 'cancelled', reason: 'cancelled by a user' });
  expect(await pipeline.cancel('demo-app-1')).toBe(false);
  await expect(pipeline.cancel('nothing')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('secrets are masked, also those that a step names', async () => {
  const { log } = await play(
    oneJob(`      - run: |
          echo "key \${{ secrets.KEY }} end"
          echo "::add-mask::hush-hush"
          echo "then hush-hush"
`),
    await open({ secrets: { KEY: 'very-secret' } }),
  );
  expect(log.join('\n')).not.toMatch(/very-secret|hush-hush/);
  expect(log).toContain('a | key *** end');
  expect(log).toContain('a | then ***');
});

test('a newer run of a concurrency group cancels the older one', async () => {
  files['.github/workflows/ci.yaml'] = `name: ci
on: push
concurrency: { group: 'ci-\${{ github.ref }}', cancel-in-progress: true }
jobs:
  a:
    runs-on: x
    steps: [{ run: 'if [ $GITHUB_RUN_NUMBER = 1 ]; then sleep 300; fi' }]
`;
  const pipeline = await open();
  await pipeline.start(push());
  expect(await pipeline.start(push())).toMatchObject([{ id: 'demo-app-1' }]);
  await pipeline.start(push({ before: SHA }));
  expect(await pipeline.finished('demo-app-1')).toMatchObject({ state: 'cancelled', reason: 'superseded by run 2' });
  expect(await pipeline.finished('demo-app-2')).toMatchObject({ state: 'success' });
});

test('a workflow that cannot be read is a failed run that names key and line', async () => {
  files['.github/workflows/ci.yaml'] = 'on: push\njobs:\n  a:\n    runs-on: x\n    strategy: {}\n    steps: []\n';
  const pipeline = await open();
  expect(await pipeline.start(push())).toMatchObject([
    { state: 'failure', reason: '.github/workflows/ci.yaml line 5: jobs.a.strategy is not supported here' },
  ]);
});

test('nothing starts for deleted refs, other branches and [skip ci]', async () => {
  files['.github/workflows/ci.yaml'] = oneJob('      - run: true\n').replace('on: push', 'on: { push: { branches: [main] } }');
  const pipeline = await open();
  expect(await pipeline.start(push({ after: '0'.repeat(40) }))).toEqual([]);
  expect(await pipeline.start(push({ ref: 'refs/heads/other' }))).toEqual([]);
  expect(await pipeline.start(push({ commits: [{ sha: SHA, subject: 'docs [skip ci]', author: 'a' }] }))).toEqual([]);
  expect(pipeline.runs()).toEqual([]);
});

test('what was accepted before a crash is run again, and its left processes are ended', async () => {
  files['.github/workflows/ci.yaml'] = oneJob(
    `      - run: if [ ! -f "$HOME/again" ]; then echo $$ > "$HOME/pid"; sleep 300; fi\n`,
  );
  const crashed = await open();
  await crashed.start(push());
  const pidFile = join(directory, 'home', 'pid');
  await expect.poll(() => readFile(pidFile, 'utf8').catch(() => ''), { timeout: 20_000 }).toMatch(/\d+\n/);
  const pid = Number(await readFile(pidFile, 'utf8'));
  // The second pipeline opens on a copy of what a kill would have left.
  const left = join(directory, 'left');
  await mkdir(left);
  await cp(join(directory, 'runs'), join(left, 'runs'), { recursive: true });
  await mkdir(join(left, 'home'));
  await writeFile(join(left, 'home', 'again'), '');
  await mkdir(join(left, 'work', 'demo-app-1'), { recursive: true });
  const orphan = spawn('sleep', ['300'], { env: { ...process.env, DARUMA_RUN_FOLDER: join(left, 'work', 'demo-app-1') } });
  const ended = once(orphan, 'exit');
  const second = await open({ directory: left });
  expect(await second.finished('demo-app-1')).toMatchObject({ state: 'success', number: 1 });
  expect((await ended)[1]).toBe('SIGKILL');
  expect(isAlive(pid)).toBe(true);
});

test('a stop in the middle leaves the run queued for the next start', async () => {
  files['.github/workflows/ci.yaml'] = oneJob(
    `      - run: if [ ! -f "$HOME/again" ]; then touch "$HOME/again"; sleep 300; fi\n`,
  );
  const first = await open();
  await first.start(push());
  await expect.poll(() => readdir(join(directory, 'home')).catch(() => []), { timeout: 20_000 }).toContain('again');
  await first[Symbol.asyncDispose]();
  const second = await open();
  expect(await second.finished('demo-app-1')).toMatchObject({ state: 'success' });
});
