// What scripts may rely on: the output of the commands, judged by the schemas that are shipped.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';

let platform: TestPlatform;
beforeAll(async () => {
  const free = ['--port', '--git-port', '--registry-port', '--ingress-port', '--cluster-port'].flatMap(flag => [flag, '0']);
  platform = await TestPlatform.up(...free);
}, DEADLINE_MS);
afterAll(() => platform?.[Symbol.asyncDispose](), DEADLINE_MS);

const ajv = new Ajv({ allErrors: true, validateFormats: false });

/** The errors of a value, [] when it is as documented. */
async function errorsOf(schema: string, value: unknown): Promise<string[]> {
  const text = await readFile(assetPath(`schemas/${schema}.schema.json`), 'utf8');
  const judge = ajv.compile(JSON.parse(text) as object);
  return judge(value) ? [] : (judge.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

it('status --json and up --json', async () => {
  const { stdout } = await platform.run('status', '--json');
  expect(await errorsOf('status', JSON.parse(stdout))).toEqual([]);
  const { stdout: again } = await platform.run('up', '--detach', '--json');
  expect(await errorsOf('status', JSON.parse(again))).toEqual([]);
  expect(await errorsOf('status', { ...(JSON.parse(stdout) as object), ready: 'yes' })).not.toEqual([]);
});

it('credentials --json', async () => {
  for (const user of ['lead', 'dev']) {
    const { stdout } = await platform.run('credentials', user, '--json');
    expect(await errorsOf('credentials', JSON.parse(stdout))).toEqual([]);
  }
});

it(
  'tour --json, a line a step and a summary, on a platform that runs already',
  async () => {
    const { stdout, exitCode } = await platform.run('tour', '2', '--json');
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) expect(await errorsOf('tour', line)).toEqual([]);
    expect(lines.at(-1)).toMatchObject({ scenarios: 1, steps: 2, verified: 2, failed: 0 });
    expect((await platform.run('status')).exitCode).toBe(0);
  },
  DEADLINE_MS,
);

it(
  'rebuild --report, and the same with -o json',
  async () => {
    const file = join(platform.home, 'rebuild.json');
    const { stdout, exitCode } = await platform.run('rebuild', '--yes', '--report', file, '-o', 'json');
    expect(exitCode).toBe(0);
    const report: unknown = JSON.parse(await readFile(file, 'utf8'));
    expect(await errorsOf('rebuild', report)).toEqual([]);
    expect(JSON.parse(stdout)).toEqual(report);
  },
  DEADLINE_MS,
);

it('the bench, a line a figure', async () => {
  const { stdout } = await execa(process.execPath, [assetPath('dist/bench.js'), '--quick', 'help'], { stdin: 'ignore' });
  for (const line of stdout.split('\n')) expect(await errorsOf('bench', JSON.parse(line))).toEqual([]);
});
