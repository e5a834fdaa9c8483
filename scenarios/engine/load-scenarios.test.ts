import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';
import { actions } from './actions/index.ts';
import { checks } from './checks/index.ts';
import { loadScenarios } from './load-scenarios.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daruma-scenarios-'));
  await mkdir(join(folder, '01-one'));
  await writeFile(join(folder, '01-one', 'a.md'), 'text');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const load = async (yaml: string) => {
  await writeFile(join(folder, '01-one', 'scenario.yaml'), yaml);
  return loadScenarios(folder);
};
const valid = `title: One
summary: s
minutes: 1
steps:
  - id: a
    title: A
    goal: g
    text: a.md
    checks:
      - title: c
        git: { repository: demo-app, moved: true }
    solve:
      - push: { repository: demo-app }
`;

test('the scenarios that ship can be loaded, in order', async () => {
  const scenarios = await loadScenarios();
  expect(scenarios.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  for (const { steps } of scenarios) for (const step of steps) expect(step.hints.length).toBeGreaterThan(0);
});

test('schema and engine know the same checks and actions', async () => {
  const { $defs } = JSON.parse(await readFile(assetPath('schemas/scenario.schema.json'), 'utf8'));
  expect(
    Object.keys($defs.check.properties)
      .filter(name => name !== 'title')
      .sort(),
  ).toEqual(Object.keys(checks).sort());
  expect(
    Object.keys($defs.action.properties)
      .filter(name => name !== 'unless')
      .sort(),
  ).toEqual([...Object.keys(actions), 'await'].sort());
});

test('a valid scenario keeps the lines of its checks', async () => {
  const [scenario] = await load(valid);
  expect(scenario).toMatchObject({
    id: 'one',
    number: 1,
    steps: [{ text: 'text', checks: [{ name: 'git', line: 10 }], timeoutMs: 60_000 }],
  });
});

test.each([
  ['an unknown check', valid.replace('git: {', 'telepathy: {'), 11, 'telepathy'],
  ['an unknown parameter', valid.replace('moved: true', 'moves: true'), 11, 'moves'],
  ['a missing text', valid.replace('a.md', 'b.md'), 8, 'b.md'],
  ['an unknown key', `${valid}extra: 1\n`, 14, 'extra'],
  ['broken YAML', 'title: [\n', 2, ''],
  ['a wrong type', valid.replace('minutes: 1', 'minutes: soon'), 3, 'minutes'],
])('%s is refused by its line', async (_, yaml, line, part) => {
  await expect(load(yaml)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
    data: { line },
    message: expect.stringContaining(part),
  });
});
