// The two bases: one without a Node, for nodes that bring their own; one put together from this machine's Node, for real ones.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DarumaError, readFileIfExists, writeFileAtomic } from '../core/index.ts';
import { layerInMemory } from './build-image.ts';
import { type LayerEntry, writeLayer } from './layer-tar.ts';
import type { BaseImage, Descriptor } from './types.ts';

const BASE_LABEL = 'dev.daruma.base';
const EPOCH = new Date(0);
const UNPRIVILEGED = '65532:65532';
const FORMAT = 1;

function skeleton(): Map<string, LayerEntry> {
  const file = (text: string): LayerEntry => ({ kind: 'file', mode: 0o644, content: Buffer.from(text) });
  return new Map<string, LayerEntry>([
    ['etc/passwd', file('root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n')],
    ['etc/group', file('root:x:0:\nnonroot:x:65532:\n')],
    ['etc/nsswitch.conf', file('hosts: files dns\n')],
    ['home/nonroot', { kind: 'folder', mode: 0o755 }],
    ['tmp', { kind: 'folder', mode: 0o1777 }],
  ]);
}

/**
 * A few files and no Node: the embedded node runs it with its own. Like the official Node images it has a command (`node`) and
 * no entrypoint that would stand before `CMD ["node", "main.js"]`. The same bytes on every machine; its architecture is
 * therefore a fixed word (amd64) that nothing depends on.
 */
export async function hostNodeBase(): Promise<BaseImage> {
  const layer = await layerInMemory(skeleton(), EPOCH);
  return {
    name: 'host-node',
    layers: [layer],
    diffIds: [layer.descriptor.digest],
    config: { cmd: ['node'], env: { PATH: '/usr/local/bin:/usr/bin:/bin' }, workdir: '/', user: UNPRIVILEGED },
    labels: { [BASE_LABEL]: 'host-node' },
    architecture: 'amd64',
    os: 'linux',
  };
}

/**
 * A base that any Linux node of this architecture runs, with a read-only root and as 65532: this machine's Node, the shared
 * libraries that it loads, and the CA certificates. The same bytes for the same inputs; kept in `directory` and made
 * again only when an input changes. @throws TOOL_MISSING elsewhere than on Linux, or without ldd
 */
export async function assembledBase({
  directory,
  nodePath = process.execPath,
}: {
  directory: string;
  nodePath?: string;
}): Promise<BaseImage> {
  if (process.platform !== 'linux') {
    throw new DarumaError(
      'TOOL_MISSING',
      `a base image cannot be put together on ${process.platform}: its Node is no Linux program`,
      {
        hint: 'use the embedded cluster, or run daruma on Linux',
      },
    );
  }
  const inputs = await baseInputs(nodePath);
  const key = createHash('sha256')
    .update(JSON.stringify([FORMAT, inputs]))
    .digest('hex')
    .slice(0, 32);
  const path = join(directory, `base-${key}.tar`);
  const descriptor = (await cachedLayer(path)) ?? (await assemble(path, inputs));
  return {
    name: 'assembled',
    layers: [{ descriptor, path }],
    diffIds: [descriptor.digest],
    config: {
      cmd: ['node'],
      env: { PATH: '/usr/local/bin:/usr/bin:/bin', SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt' },
      workdir: '/',
      user: UNPRIVILEGED,
    },
    labels: { [BASE_LABEL]: 'assembled', 'dev.daruma.node': process.version },
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
  };
}

interface Input {
  target: string;
  source: string;
  sizeBytes: number;
  modifiedMs: number;
  mode: number;
}

async function baseInputs(nodePath: string): Promise<Input[]> {
  const libraries = await sharedLibraries(nodePath);
  const folders = new Set(libraries.filter(path => /^libc\.so/.test(basename(path))).map(dirname));
  const resolvers = [...folders].flatMap(folder =>
    ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map(name => join(folder, name)),
  );
  const wanted: [target: string, source: string, mode: number][] = [
    ['/usr/local/bin/node', nodePath, 0o755],
    ...[...libraries, ...resolvers].map((path): [string, string, number] => [path, path, 0o755]),
    ['/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt', 0o644],
  ];
  const inputs = new Map<string, Input>();
  for (const [target, path, mode] of wanted) {
    const source = await realpath(path).catch(() => undefined);
    if (source === undefined) continue;
    const { size, mtimeMs } = await stat(source);
    inputs.set(target, { target: target.slice(1), source, sizeBytes: size, modifiedMs: mtimeMs, mode });
  }
  return [...inputs.values()].sort((a, b) => (a.target < b.target ? -1 : 1));
}

/** The libraries and the loader that a program is started with; none for a static one. */
async function sharedLibraries(program: string): Promise<string[]> {
  const run = promisify(execFile);
  const output = await run('ldd', [program], { env: { ...process.env, LC_ALL: 'C' } }).catch(
    (error: NodeJS.ErrnoException & { stdout?: string; stderr?: string }) => {
      if (/not a dynamic|statically linked/.test(`${error.stdout}${error.stderr}`)) return { stdout: '' };
      throw new DarumaError('TOOL_MISSING', 'ldd, which names the libraries of Node, did not run', {
        hint: 'install it (Debian, Ubuntu: apt install libc-bin), or use the embedded cluster',
        cause: error,
      });
    },
  );
  return [...output.stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x[0-9a-f]+\)/gm)].map(match => match[1] ?? '');
}

async function cachedLayer(path: string): Promise<Descriptor | undefined> {
  const [text, found] = [await readFileIfExists(`${path}.json`), await stat(path).catch(() => undefined)];
  if (text === undefined || found === undefined) return undefined;
  const descriptor = JSON.parse(text) as Descriptor;
  return descriptor.size === found.size ? descriptor : undefined;
}

async function assemble(path: string, inputs: Input[]): Promise<Descriptor> {
  const entries = skeleton();
  for (const { target, source, sizeBytes, mode } of inputs) entries.set(target, { kind: 'file', mode, source, sizeBytes });
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o600);
    let descriptor: Descriptor;
    try {
      descriptor = await writeLayer(entries, { modified: EPOCH, write: async chunk => void (await file.appendFile(chunk)) });
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await writeFileAtomic(`${path}.json`, `${JSON.stringify(descriptor)}\n`);
    return descriptor;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
