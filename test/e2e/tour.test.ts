// The tour as `npm start` plays it without a terminal.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';

it('verifies every step of every scenario and leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-report-'));
  const report = join(folder, 'junit.xml');
  const env: Record<string, string> = { NO_COLOR: '1', TMPDIR: folder };
  delete process.env['DARUMA_HOME'];
  const { stdout, stderr, exitCode } = await execa(
    process.execPath,
    [assetPath('dist/daruma.js'), 'tour', '--json', '--report', report],
    { reject: false, stdin: 'ignore', env },
  );
  const lines = stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>);
  const summary = lines.pop();
  expect(lines.filter(line => line['status'] !== 'passed')).toEqual([]);
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  expect(new Set(lines.map(line => line['scenario'])).size).toBe(6);
  expect(summary).toMatchObject({ scenarios: 6, steps: lines.length, verified: lines.length, failed: 0 });
  expect(await readFile(report, 'utf8')).toContain(`tests="${lines.length}" failures="0"`);
  const { stdout: processes } = await execa('ps', ['-eo', 'args']);
  expect(processes.split('\n').filter(line => line.includes(folder))).toEqual([]);
  await rm(folder, { recursive: true, force: true });
}, 240_000);
