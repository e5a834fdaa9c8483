// Replays the transcripts of a real API server against `daruma cluster serve`, bare and with controllers, and holds the result to a floor.
// node test/conformance/run.mjs [--mode bare|full] [--area AREA] [--max-wait SECONDS]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How many cases have to pass; raise it when more do. */
const FLOOR = { bare: 396, full: 58 };
const TOKENS = 'admin-token,admin,admin,"system:masters"\ndev-token,dev,dev,"developers"\nnobody-token,nobody,nobody\n';
const START_DEADLINE_MS = 60_000;

const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'dist/daruma.js');
const runner = resolve(root, '../shared/conformance/run.mjs');

const argument = name => {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? undefined : process.argv[index + 1];
};

/** Starts a server in `folder`; answers its URL and how to stop it. */
async function serve(mode, folder) {
  const tokens = join(folder, 'tokens.csv');
  await writeFile(tokens, TOKENS);
  const extra = mode === 'bare' ? ['--bare'] : ['--simulated-nodes', 'kwok-0,kwok-1'];
  const flags = ['--port', '0', '--data', folder, '--ephemeral', '--token-auth-file', tokens, ...extra];
  const child = spawn(process.execPath, [program, 'cluster', 'serve', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const path = await new Promise((done, fail) => {
    const timer = setTimeout(() => fail(new Error('the server was not ready in time')), START_DEADLINE_MS);
    timer.unref();
    lines.once('line', line => {
      clearTimeout(timer);
      done(line.trim());
    });
    child.once('exit', code => fail(new Error(`the server ended with code ${code} before it was ready`)));
  });
  const kubeconfig = JSON.parse(await readFile(path, 'utf8'));
  return {
    url: kubeconfig.clusters[0].cluster.server,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Runs the recordings of one mode; answers how many cases passed and failed. */
async function replay(mode) {
  const folder = await mkdtemp(join(tmpdir(), 'daruma-conformance-'));
  const report = join(folder, 'report.json');
  let server;
  try {
    server = await serve(mode, folder);
    const area = argument('area');
    const wait = argument('max-wait') ?? (mode === 'bare' ? '10' : '60');
    const flags = [
      '--server',
      server.url,
      '--mode',
      mode,
      '--json',
      report,
      '--max-wait',
      wait,
      ...(area ? ['--area', area] : []),
    ];
    const child = spawn(process.execPath, [runner, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    let last = '';
    createInterface({ input: child.stdout }).on('line', line => {
      last = line;
      console.log(line);
    });
    await once(child, 'exit');
    const counts = /(\d+) passed, (\d+) failed/.exec(last);
    if (!counts) throw new Error(`the runner ended without its closing line: ${last}`);
    return { passed: Number(counts[1]), failed: Number(counts[2]) };
  } finally {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

if (!existsSync(runner)) {
  console.log(`SKIPPED: the recordings are not here (${runner})`);
} else if (!existsSync(program)) {
  console.error('build first: npm run build');
  process.exitCode = 2;
} else {
  const modes = argument('mode') ? [argument('mode')] : ['bare', 'full'];
  let passed = 0;
  let failed = 0;
  for (const mode of modes) {
    const counts = await replay(mode);
    passed += counts.passed;
    failed += counts.failed;
    if (!argument('area') && counts.passed < FLOOR[mode]) {
      console.error(`${mode}: ${counts.passed} cases passed, the floor is ${FLOOR[mode]}`);
      process.exitCode = 1;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
}
