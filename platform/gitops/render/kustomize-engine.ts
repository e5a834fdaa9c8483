// Hosts the Kustomize engine: a resident WebAssembly reactor that takes a set of files and answers objects.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WASI } from 'node:wasi';
import { brotliDecompress } from 'node:zlib';
import type { EngineRequest, EngineResult } from './engine-protocol.ts';

interface EngineExports {
  memory: { buffer: ArrayBuffer };
  alloc(size: number): number;
  render(): number;
  result_address(): number;
}

/** The part of the standard API that is used; Node's types for it come with the DOM's alone. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: object): Promise<{ exports: object }>;
}

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

export class KustomizeEngine {
  readonly #exports: EngineExports;

  private constructor(exports: EngineExports) {
    this.#exports = exports;
  }

  /** `packed` is the Brotli file; its content is kept unpacked in `cacheDir`, where a damaged copy is written anew. */
  static async load(packed: string, cacheDir: string): Promise<KustomizeEngine> {
    const module = await WebAssembly.compile(await unpack(packed, cacheDir));
    const wasi = new WASI({ version: 'preview1', args: ['kustomize'], env: {} });
    const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
    wasi.initialize(instance);
    return new KustomizeEngine(instance.exports as EngineExports);
  }

  /** Runs to its end on this thread: one result for each directory, in order. */
  render(request: EngineRequest): EngineResult[] {
    const { memory, alloc, render, result_address } = this.#exports;
    const bytes = Buffer.from(JSON.stringify(request));
    const address = alloc(bytes.length) >>> 0;
    new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    const size = render() >>> 0;
    const answer = new Uint8Array(memory.buffer, result_address() >>> 0, size);
    return JSON.parse(Buffer.from(answer).toString('utf8')) as EngineResult[];
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }
}

async function unpack(packed: string, cacheDir: string): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = await readFile(packed);
  const hash = createHash('sha256').update(compressed).digest('hex').slice(0, 16);
  const cached = join(cacheDir, `kustomize-${hash}.wasm`);
  const sum = `${cached}.sha256`;
  try {
    const [bytes, expected] = await Promise.all([readFile(cached), readFile(sum, 'utf8')]);
    if (createHash('sha256').update(bytes).digest('hex') === expected) return new Uint8Array(bytes);
  } catch {
    // Not there yet.
  }
  const bytes = await promisify(brotliDecompress)(compressed);
  // The cache only saves time: a full disk must not stop a render.
  try {
    await mkdir(cacheDir, { recursive: true });
    for (const [path, content] of [
      [cached, bytes],
      [sum, createHash('sha256').update(bytes).digest('hex')],
    ] as const) {
      const temporary = `${path}.${process.pid}.tmp`;
      await writeFile(temporary, content);
      await rename(temporary, path);
    }
  } catch {
    await rm(`${cached}.${process.pid}.tmp`, { force: true }).catch(() => {});
  }
  return new Uint8Array(bytes);
}
