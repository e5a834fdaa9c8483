// Both runtimes keep the same promises; user namespaces are tried where this host has them.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../core/index.ts';
import type { LocalImage } from '../images/index.ts';
import {
  type ContainerRequest,
  type ContainerRuntime,
  ContainerStartError,
  chooseRuntime,
  type RunningContainer,
  sweepProcesses,
} from './index.ts';

let home: string;
let shimPath: string;
let count = 0;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'daruma-runtime-'));
  shimPath = join(home, 'shim.cjs');
  await writeFile(shimPath, 'globalThis.shimmed = true;');
  await mkdir(join(home, 'image/app'), { recursive: true });
  await writeFile(
    join(home, 'image/app/server.js'),
    `const fs = require('fs');
     if (process.argv[2] === 'print') console.log(JSON.stringify({ cwd: fs.readdirSync('.'), greeting: process.env.GREETING, file: process.argv[3] && fs.readFileSync(process.argv[3], 'utf8'), shimmed: globalThis.shimmed }));
     else if (process.argv[2] === 'exit') process.exit(Number(process.argv[3]));
     else { process.on('SIGTERM', () => { console.log('stopping'); process.exit(0); }); console.log('ready'); setInterval(() => {}, 1000); }`,
  );
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
  await rm(trialFolder, { recursive: true, force: true });
});

function image(): LocalImage {
  return {
    digest: 'sha256:0',
    id: 'sha256:0',
    repoDigest: '',
    rootfs: join(home, 'image'),
    os: 'linux',
    architecture: '',
    entrypoint: [],
    cmd: [],
    env: [],
    workingDir: '/app',
    user: '',
    stopSignal: 'SIGTERM',
    hostNode: true,
    sizeBytes: 0,
  };
}

function request(command: string[], more: Partial<ContainerRequest> = {}): ContainerRequest {
  return {
    image: image(),
    folder: join(home, `container-${count++}`),
    command,
    env: { GREETING: 'hello', MARK: home },
    networkEnv: path => ({ NODE_OPTIONS: `--require ${path}` }),
    shimPath,
    workingDir: '/app',
    hostname: 'pod',
    mounts: [],
    files: {},
    readOnlyRoot: false,
    ...more,
  };
}

async function read(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function firstLine(stream: Readable): Promise<string> {
  return new Promise(resolve => stream.once('data', chunk => resolve(String(chunk).trim())));
}

async function finish(container: RunningContainer): Promise<{ code: number; signal?: string; output: string; errors: string }> {
  const [output, errors, exit] = await Promise.all([read(container.stdout), read(container.stderr), container.exit]);
  await container.remove();
  return { ...exit, output, errors };
}

const trialFolder = await mkdtemp(join(tmpdir(), 'daruma-probe-'));
const userns = await chooseRuntime({
  wanted: 'auto',
  dataDir: trialFolder,
  shimPath: '/dev/null',
  logger: silentLogger,
});
const plain = await chooseRuntime({ wanted: 'plain', dataDir: '/nonexistent', shimPath: '/dev/null', logger: silentLogger });

describe.each<[string, ContainerRuntime, boolean]>([
  ['plain', plain, true],
  ['userns', userns, userns.name === 'userns'],
])('%s', (_name, runtime, available) => {
  it.runIf(available)("runs the image's program with its environment, mounts and folder", async () => {
    const config = join(home, `config-${count}`);
    await mkdir(config);
    await writeFile(join(config, 'greeting.txt'), 'from a mount');
    const container = await runtime.start(
      request(['node', 'server.js', 'print', '/etc/config/greeting.txt'], {
        mounts: [{ hostPath: config, containerPath: '/etc/config', readOnly: true }],
      }),
    );
    const { code, output, errors } = await finish(container);
    expect(errors).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual({ cwd: ['server.js'], greeting: 'hello', file: 'from a mount', shimmed: true });
  });

  it.runIf(available)('reports exit codes and unknown commands', async () => {
    expect(await finish(await runtime.start(request(['node', '/app/server.js', 'exit', '7'])))).toMatchObject({ code: 7 });
    await expect(runtime.start(request(['no-such-program']))).rejects.toThrow(ContainerStartError);
  });

  it.runIf(available)('passes SIGTERM on and kills what does not end', async () => {
    const graceful = await runtime.start(request(['node', 'server.js']));
    expect(await firstLine(graceful.stdout)).toBe('ready');
    graceful.signal('SIGTERM');
    expect(await finish(graceful)).toMatchObject({ code: 0, output: 'stopping\n' });

    const stubborn = await runtime.start(request(['sh', '-c', 'trap "" TERM; sleep 1000 & echo ready; wait; sleep 1000']));
    expect(await firstLine(stubborn.stdout)).toBe('ready');
    stubborn.signal('SIGTERM');
    stubborn.kill();
    expect(await finish(stubborn)).toMatchObject({ code: 137, signal: 'SIGKILL' });
    await vi.waitFor(async () => expect(await sweepProcesses(`MARK=${home}`)).toBe(0), { timeout: 10_000 });
  });

  it.runIf(available)('executes commands beside, with pipes and on a terminal', async () => {
    const container = await runtime.start(request(['node', 'server.js']));
    expect(await firstLine(container.stdout)).toBe('ready');
    const session = await container.exec({ command: ['sh', '-c', 'cat; echo $GREETING; exit 3'], stdin: true, tty: false });
    session.stdin?.end('typed ');
    expect(await read(session.stdout)).toBe('typed hello\n');
    expect((await session.exit).code).toBe(3);

    const terminal = await container.exec({ command: ['node', '-p', 'process.stdout.isTTY'], stdin: false, tty: true });
    expect(await read(terminal.stdout)).toContain('true');
    expect((await terminal.exit).code).toBe(0);
    const sized = await container.exec({
      command: ['sh', '-c', 'until [ "$(stty size)" = "33 101" ]; do sleep 0.02; done; stty size'],
      stdin: true,
      tty: true,
    });
    sized.resize(101, 33);
    expect(await read(sized.stdout)).toBe('33 101\r\n');
    container.kill();
    await finish(container);
    expect(existsSync(join(home, `container-${count - 1}`))).toBe(false);
  });

  it.runIf(available)('never writes to the image', async () => {
    await finish(await runtime.start(request(['sh', '-c', 'echo changed > server.js'])));
    expect(await readFile(join(home, 'image/app/server.js'), 'utf8')).toContain('stopping');
  });
});

describe('user namespaces', () => {
  it.runIf(userns.name === 'userns')(
    'keep what a container asks of its root, and deliver a signal that comes before the program',
    async () => {
      const container = await userns.start(request(['sh', '-c', 'sleep 1000']));
      container.signal('SIGTERM');
      expect(await finish(container)).toMatchObject({ code: 143 });
      const { output } = await finish(
        await userns.start(
          request(['sh', '-c', 'cat /etc/motd; hostname; ls /proc | grep -c "^[0-9]"; echo x > /app/new || echo refused'], {
            files: { '/etc/motd': 'hello\n' },
            readOnlyRoot: true,
          }),
        ),
      );
      const [motd, hostname, processes, write] = output.trim().split('\n');
      expect([motd, hostname, write]).toEqual(['hello', 'pod', 'refused']);
      expect(Number(processes)).toBeLessThan(8);
    },
  );
});

describe('a guarded process', () => {
  it('does not outlive the process that started it, however that ends', async () => {
    const bundle = join(home, 'guarded.mjs');
    await build({
      entryPoints: ['platform/cluster/node/runtime/guarded-process.ts'],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    });
    const script = `const { spawnGuarded } = await import(${JSON.stringify(bundle)});
      await spawnGuarded({ command: ['sh', '-c', 'sleep 1000 & sleep 1000'], cwd: '/', env: { PATH: process.env.PATH, ORPHAN: ${JSON.stringify(home)} } });
      console.log('started');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    expect(await firstLine(parent.stdout)).toBe('started');
    parent.kill('SIGKILL');
    await vi.waitFor(async () => expect(await withEnvironment(`ORPHAN=${home}`)).toEqual([]), { timeout: 10_000 });
  });
});

async function withEnvironment(marker: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (/^\d+$/.test(pid) && (await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')).includes(marker)) found.push(pid);
  }
  return found;
}
