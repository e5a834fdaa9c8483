import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { render } from 'ink';
import { afterEach, describe, expect, it } from 'vitest';
import type { ApiClient, ApplicationView } from '../platform/api/index.ts';
import { App } from './App.tsx';
import { parseCommand } from './model/commands.ts';
import { actionOf, keyMap } from './model/key-map.ts';
import { markdownLines } from './model/markdown.ts';
import { PlatformModel } from './model/platform-model.ts';
import type { ScenarioPort, ScenarioView } from './model/scenario-port.ts';
import { eyesOf } from './model/signs.ts';

const app = (environment: string, change: Partial<ApplicationView> = {}): ApplicationView => ({
  name: `demo-${environment}`,
  environment,
  sync: 'Synced',
  health: 'Healthy',
  message: '',
  revision: 'a'.repeat(40),
  targetRevision: 'a'.repeat(40),
  behind: 0,
  images: ['registry.daruma.internal/demo-app:1'],
  replicas: { ready: 1, wanted: 1 },
  drift: [],
  automated: environment === 'dev',
  conditions: [],
  source: {
    repoURL: 'http://git.daruma.internal/demo-gitops.git',
    path: `apps/demo/overlays/${environment}`,
    targetRevision: 'main',
  },
  ...change,
});

const applications = [
  app('prod', { sync: 'OutOfSync', behind: 1, guard: { confirm: 'prod', role: 'lead' } }),
  app('dev'),
  app('staging'),
];
const calls: string[] = [];
const api = {
  status: async () => ({ name: 'local', provider: 'embedded', api: 'http://127.0.0.1:7070', simulatedPods: [] }),
  whoami: async () => ({ user: 'lead', role: 'lead' }),
  applications: async () => applications,
  runs: async () => [],
  diff: async () => [
    { resource: 'Deployment.apps/demo', action: 'update', changes: [{ path: 'spec.replicas', live: 1, desired: 3 }] },
  ],
  sync: async (name: string, request: unknown) => void calls.push(`sync ${name} ${JSON.stringify(request)}`),
  followEvents: async function* (_since: number, { signal }: { signal: AbortSignal }) {
    yield {
      seq: 1,
      time: '2026-01-01T00:00:00Z',
      type: 'gitops.drift.healed',
      data: { application: 'demo-dev', resource: 'Deployment/demo', ms: 9 },
    };
    await new Promise(resolve => signal.addEventListener('abort', resolve));
  },
} as unknown as ApiClient;

let scenario: ScenarioView = {
  number: 1,
  count: 6,
  title: 'Push a fix',
  step: { index: 0, count: 2, title: 'Repair it', goal: 'The tests pass', text: 'Open `src/greeting.js` and **repair** it.' },
  checks: [{ title: 'the pipeline is green', ok: false, detail: 'waits for a push' }],
  hints: { shown: [], total: 1 },
  phase: 'waiting',
  message: '',
};
const listeners = new Set<() => void>();
const change = (next: Partial<ScenarioView>) => {
  scenario = { ...scenario, ...next };
  for (const listener of listeners) listener();
};
const scenarios: ScenarioPort = {
  view: () => scenario,
  subscribe: listener => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  hint: () => change({ hints: { shown: ['look at the test'], total: 1 } }),
  solve: () => void calls.push('solve'),
  next: () => void calls.push('next'),
  skip: () => {},
  reset: () => {},
  open: number => void calls.push(`open ${number}`),
};

/** The program on a screen that is only in memory: type, then wait until the last frame says something. */
function screen(columns: number, rows: number) {
  let frame = '';
  const stdout = Object.assign(
    new Writable({
      write(chunk, _encoding, done) {
        frame = String(chunk);
        done();
      },
    }),
    { columns, rows },
  );
  const stdin = Object.assign(new EventEmitter(), {
    isTTY: true,
    queue: [] as string[],
    setRawMode() {},
    setEncoding() {},
    ref() {},
    unref() {},
    resume() {},
    pause() {},
    read(): string | null {
      return this.queue.shift() ?? null;
    },
  });
  const ending = new AbortController();
  const model = new PlatformModel(api, { signal: ending.signal });
  let quit: string | undefined;
  const instance = render(
    <App model={model} scenarios={scenarios} signs="unicode" motion={false} onQuit={choice => void (quit = choice)} />,
    {
      stdout: stdout as unknown as NodeJS.WriteStream,
      stdin: stdin as unknown as NodeJS.ReadStream,
      debug: true,
      exitOnCtrlC: false,
      patchConsole: false,
    },
  );
  cleanups.push(() => {
    ending.abort();
    instance.unmount();
  });
  const text = () => frame.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
  return {
    text,
    quit: () => quit,
    type(keys: string) {
      stdin.queue.push(keys);
      stdin.emit('readable');
    },
    async shows(wanted: string) {
      await expect.poll(text, { timeout: 10_000 }).toContain(wanted);
    },
  };
}
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const clean of cleanups.splice(0)) clean();
  calls.length = 0;
});

describe('the home screen', () => {
  for (const [columns, rows] of [
    [80, 24],
    [100, 30],
    [160, 50],
  ] as const) {
    it(`fits ${columns} × ${rows}, one row left free`, async () => {
      const { shows, text } = screen(columns, rows);
      await shows('Push a fix');
      await shows('staging');
      const lines = text().split('\n');
      expect(lines.length).toBeLessThanOrEqual(rows - 1);
      for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
    });
  }

  it('shows environments in their order, with eyes', async () => {
    const { shows, text } = screen(120, 30);
    await shows('1 behind');
    const order = ['dev ', 'staging ', 'prod '].map(name => text().indexOf(name));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(text()).toContain('(●○) prod');
    expect(text()).toContain('demo-dev Deployment/demo healed in 9 ms');
  });
});

describe('keys', () => {
  it('? opens the help, which lists every key; esc goes back', async () => {
    const { type, shows, text } = screen(120, 60);
    await shows('Environments');
    type('?');
    await shows('Full-screen views');
    for (const { description } of keyMap) expect(text()).toContain(description.slice(0, 30));
    type('\u001b');
    await shows('Pipeline');
  });

  it('keys that come at once are taken one by one, each by the screen that the one before made', async () => {
    const { type, shows } = screen(120, 30);
    await shows('1 behind');
    type('\tjy');
    await shows('Sync staging to');
    type('\u001b');
    await shows('Environments');
    type(':sync prod\rprod\r');
    await shows('sync demo-prod: done');
    expect(calls).toEqual(['sync demo-prod {"confirm":"prod"}']);
  });

  it('y syncs prod only when its name is typed', async () => {
    const { type, shows } = screen(120, 30);
    await shows('1 behind');
    type(':');
    await shows(':▌');
    for (const letter of 'sync prod') type(letter);
    await shows(':sync prod');
    type('\r');
    await shows('type "prod"');
    await shows('spec.replicas');
    for (const letter of 'prox') type(letter);
    type('\r');
    await shows('prox▌');
    expect(calls).toEqual([]);
    type('\u007f');
    await shows('pro▌');
    type('d');
    await shows('prod▌');
    type('\r');
    await shows('sync demo-prod: done');
    expect(calls).toEqual(['sync demo-prod {"confirm":"prod"}']);
  });

  it('h shows a hint, s does the step, enter goes on, > opens the next scenario, q leaves', async () => {
    const { type, shows, quit } = screen(120, 30);
    await shows('h hint 0/1');
    type('h');
    await shows('hint: look at the test');
    type('s');
    change({ phase: 'solved' });
    await shows('verified: enter goes on');
    type('\r');
    type('>');
    await expect.poll(() => calls, { timeout: 10_000 }).toEqual(['solve', 'next', 'open 2']);
    type('q');
    await shows('keep it running');
    type('k');
    await expect.poll(quit, { timeout: 10_000 }).toBe('keep');
  });
});

it('no key has two meanings in one place', () => {
  for (const place of ['home', 'scenario', 'view'] as const) {
    const keys = keyMap
      .filter(binding => binding.where === place || binding.where === 'everywhere')
      .flatMap(binding => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  }
  const both = keyMap
    .filter(binding => ['home', 'scenario', 'everywhere'].includes(binding.where))
    .flatMap(binding => binding.keys);
  expect(new Set(both).size).toBe(both.length);
  expect(actionOf('', { upArrow: true }, ['everywhere'])).toBe('up');
  expect(actionOf('y', {}, ['view'])).toBeUndefined();
});

it('commands name an application by name or environment, and errors say what there is', () => {
  expect(parseCommand('sync staging', applications)).toEqual({ action: 'sync', app: 'demo-staging' });
  expect(parseCommand('rollback demo-dev 3', applications)).toEqual({ view: { kind: 'rollback', app: 'demo-dev', id: 3 } });
  expect(parseCommand('scenario 4', applications)).toEqual({ scenario: 4 });
  expect(parseCommand('sync moon', applications)).toEqual({ error: 'there is no application moon: prod, dev, staging' });
  expect(parseCommand('fly', applications)).toEqual({ error: 'there is no command fly: ? lists them' });
});

it('the eyes say what the words say', () => {
  expect(eyesOf(app('dev'), 'plain').glyph).toBe('[oo]');
  expect(eyesOf(app('dev', { health: 'Degraded', sync: 'OutOfSync' }), 'plain').glyph).toBe('[ox]');
  expect(eyesOf(app('dev', { health: 'Progressing' }), 'plain').glyph).toBe('[o~]');
  expect(eyesOf(app('dev', { sync: 'OutOfSync' }), 'plain').glyph).toBe('[o.]');
  const drift = {
    application: 'demo-dev',
    resource: 'Deployment/demo',
    kind: 'changed' as const,
    changes: [],
    seenAt: '2026-01-01T00:00:00Z',
  };
  expect(eyesOf(app('dev', { sync: 'OutOfSync', drift: [drift] }), 'plain').glyph).toBe('[o!]');
});

it('Markdown is wrapped, code blocks are kept as they are', () => {
  const lines = markdownLines(
    '# Title\n\nSome **bold** and `code` that is long enough to wrap.\n\n```\nnpm test\n```\n- one\n\n    git push\n',
    20,
  );
  const texts = lines.map(line =>
    line
      .map(piece => piece.text)
      .join('')
      .trimEnd(),
  );
  expect(texts).toEqual([
    'Title',
    '',
    'Some bold and code',
    'that is long enough',
    'to wrap.',
    '',
    '  npm test',
    '· one',
    '',
    '  git push',
  ]);
  expect(lines[2]?.find(piece => piece.text === 'bold')?.bold).toBe(true);
});
