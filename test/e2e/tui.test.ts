// The terminal UI as a person has it: the real program in a pseudo-terminal, through scenarios 1 to 5.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetPath } from '../../platform/core/index.ts';
import { DEADLINE_MS, TestPlatform } from '../drivers/platform.ts';
import { hasPseudoTerminal, PseudoTerminal } from '../drivers/terminal.ts';

const run = promisify(execFile);
const ENTER = '\r';
const ESCAPE = '\u001b';
const SCENARIOS_MS = 280_000;
const SCREENS_MS = 180_000;
// Set here, so that the title of the suite can say why it was skipped.
const possible = hasPseudoTerminal();

describe.skipIf(!possible)(`the terminal UI${possible ? '' : ' (skipped: there is no `script` of util-linux here)'}`, () => {
  let platform: TestPlatform;
  beforeAll(async () => {
    const free = ['--port', '--git-port', '--registry-port', '--ingress-port', '--cluster-port'].flatMap(flag => [flag, '0']);
    platform = await TestPlatform.up(...free);
  }, DEADLINE_MS);
  afterAll(() => platform?.[Symbol.asyncDispose](), DEADLINE_MS);

  const open = ({ columns = 120, rows = 36, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {}) =>
    PseudoTerminal.start({
      command: [process.execPath, assetPath('dist/daruma.js'), 'ui', '--home', platform.home],
      columns,
      rows,
      env,
    });
  /** In the learner's own working copy, with their own git. */
  const git = (repository: string, ...args: string[]) => run('git', args, { cwd: join(platform.home, 'work', repository) });

  it(
    'leads through scenarios 1 to 5',
    async () => {
      await using terminal = await open();
      const step = async (scenario: number, title: string) => {
        await terminal.shows(text => text.includes(`${scenario}/6 ·`) && text.includes(title));
        await terminal.shows(/h hint \d\/\d {2}s do it/);
        await terminal.shows(text => !text.includes('preparing this step'));
      };
      const verified = async () => {
        await terminal.shows('verified: enter goes on');
        terminal.type(ENTER);
      };
      const solved = async () => {
        terminal.type('s');
        await verified();
      };

      await step(1, 'Step 1 of 2');
      await git('demo-app', 'push', '--quiet');
      await verified();
      await step(1, 'Step 2 of 2');
      terminal.type('h');
      await terminal.shows('hint: An empty name');
      const source = join(platform.home, 'work', 'demo-app', 'src', 'greeting.js');
      await writeFile(source, (await readFile(source, 'utf8')).replace('if (name === undefined)', 'if (!name)'));
      await git('demo-app', 'commit', '--quiet', '--all', '--message', 'fix: greet by name');
      await git('demo-app', 'push', '--quiet');
      await terminal.shows('fix: greet by name');
      await verified();

      await step(2, 'Step 1 of 2');
      await solved();
      await step(2, 'Step 2 of 2');
      await solved();

      await step(3, 'Step 1 of 2');
      await terminal.shows(/\(●○\) staging/);
      terminal.type('\t');
      terminal.type('j');
      terminal.type('y');
      await terminal.shows('Sync staging to');
      await terminal.shows(/image +…:[0-9a-f]{7} → …:[0-9a-f]{7}/);
      terminal.type('y');
      await terminal.shows(/\(●●\) staging/);
      terminal.type('\t');
      await verified();
      await step(3, 'Step 2 of 2');
      terminal.type(':');
      await terminal.typeSlowly('sync prod');
      terminal.type(ENTER);
      await terminal.shows('type "prod"');
      await terminal.typeSlowly('pro');
      terminal.type(ENTER);
      await terminal.typeSlowly('d');
      await terminal.shows('prod▌');
      terminal.type(ENTER);
      await verified();

      for (const [scenario, steps] of [
        [4, 4],
        [5, 3],
      ] as const)
        for (let number = 1; number <= steps; number++) {
          await step(scenario, `Step ${number} of ${steps}`);
          await solved();
        }
      await terminal.shows('6/6 ·');
      terminal.type('<');
      await terminal.shows('5/6 ·');
    },
    SCENARIOS_MS,
  );

  it(
    'shows what a sync would change, the history, the resources, a log, the drift and the help',
    async () => {
      await using terminal = await open({ columns: 120, rows: 36 });
      await terminal.shows('Environments');
      await terminal.shows(/\(●.\) dev/);
      const look = async (command: string, wanted: string | RegExp) => {
        terminal.type(':');
        await terminal.typeSlowly(command);
        terminal.type(ENTER);
        await terminal.shows(wanted);
      };
      await look('diff dev', /the cluster is as Git says|Deployment/);
      await look('history dev', /\d+ {2}[0-9a-f]{7} /);
      await look('tree dev', /ReplicaSet\/demo-[\s\S]*Pod\/demo-/);
      await look('logs dev', /dev\/demo-\S+ {2}1 of/);
      await look('drift', /Deployment(\.apps)?\/demo changed outside Git/);
      await terminal.shows('spec.replicas');
      await look('open dev', /source +http/);
      await look('nonsense', 'there is no command nonsense');
      terminal.type(ESCAPE);
      await terminal.shows('Environments');
      terminal.type('?');
      await terminal.shows('Full-screen views');
      terminal.type('/');
      await terminal.typeSlowly('deployed');
      await terminal.shows(text => text.includes('what was deployed, by whom') && !text.includes('Full-screen views'));
      terminal.type(ENTER);
      terminal.type(ESCAPE);
      await terminal.shows('Full-screen views');
      terminal.type(ESCAPE);
      await terminal.shows('Environments');

      await terminal.resize(80, 24);
      const small = await terminal.shows(text => text.includes('/6 ·') && !text.includes('Environments'));
      expect(small.split('\n').filter(line => [...line].length > 80)).toEqual([]);
      terminal.type('\t');
      await terminal.shows('Environments');
      await terminal.resize(120, 36);
      await terminal.shows(text => text.includes('Environments') && text.includes('/6 ·'));
    },
    SCREENS_MS,
  );

  /** What a terminal must be like after the program. */
  const expectRestored = (terminal: PseudoTerminal) => {
    expect(terminal.screen.buffer.active.type).toBe('normal');
    expect(terminal.output.lastIndexOf('\u001b[?25h')).toBeGreaterThan(terminal.output.lastIndexOf('\u001b[?25l'));
    expect(terminal.output).toMatch(/\bicanon\b[\s\S]*\becho\b/);
    expect(terminal.output).not.toMatch(/-icanon|-echo\b/);
  };

  it(
    'gives the terminal back when it is left, and leaves the platform running',
    async () => {
      await using terminal = await open({ columns: 80, rows: 24 });
      await terminal.shows('/6 ·');
      expect(terminal.screen.buffer.active.type).toBe('alternate');
      terminal.type('\u0003');
      await terminal.shows('Leave daruma');
      terminal.type(ESCAPE);
      await terminal.shows('/6 ·');
      terminal.type('q');
      await terminal.shows('Leave daruma');
      terminal.type('k');
      expect(await terminal.ends()).toBe(0);
      expectRestored(terminal);
      expect((await platform.run('status')).exitCode).toBe(0);
    },
    SCREENS_MS,
  );

  it(
    'gives the terminal back when it is told to end, and uses no colours where none are wanted',
    async () => {
      await using terminal = await open({ columns: 80, rows: 24, env: { NO_COLOR: '1' } });
      await terminal.shows('/6 ·');
      process.kill(await terminal.pid(), 'SIGTERM');
      await terminal.ends();
      expectRestored(terminal);
      const colours = [...terminal.output.matchAll(/\u001b\[([0-9;]*)m/g)]
        .flatMap(([, codes = '']) => codes.split(';').map(Number))
        .filter(code => (code >= 30 && code <= 49) || (code >= 90 && code <= 107));
      expect(colours).toEqual([]);
    },
    SCREENS_MS,
  );
});
