// Hosts the expression engine: a resident WebAssembly reactor that takes one JSON request and answers one JSON object.
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { brotliDecompress, brotliDecompressSync } from 'node:zlib';

interface EngineExports {
  memory: { buffer: ArrayBuffer };
  alloc(size: number): number;
  alloc_answer(size: number): number;
  call(): number;
  result_address(): number;
}

/** The part of the standard API that is used; Node's types for it come with the DOM's alone. */
interface WebAssemblyApi {
  compile(bytes: Uint8Array): Promise<object>;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: object };
}

const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi };

// Optimising the engine's code in the background takes both cores for a second and 100 MB, and saves a fraction of a
// millisecond an evaluation. V8 decides it for a module when that is compiled, so other modules are not concerned.
const LEAN = '--liftoff-only';
const USUAL = '--no-liftoff-only';

/** What an expression asks the authorizer. */
export interface AccessQuestion {
  user: string;
  uid: string;
  groups: string[] | null;
  extra: Record<string, string[]> | null;
  verb: string;
  /** '' for cluster-wide. */
  namespace: string;
  group: string;
  resource: string;
  subresource: string;
  name: string;
  path: string;
  isResource: boolean;
}

export type Authorize = (question: AccessQuestion) => { allowed: boolean; reason: string };

/** The WASI implementation, loaded when it is needed and without its warning that it is experimental. */
function newWasi() {
  const say = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const { WASI } = process.getBuiltinModule('node:wasi');
    return new WASI({ version: 'preview1', args: ['cel'], env: {}, returnOnExit: true });
  } finally {
    process.emitWarning = say;
  }
}

/** The engine refused a request; it works on. Whatever else a call throws means that the engine is dead. */
export class EngineRefusal extends Error {}

export class ExpressionEngine {
  readonly #exports: EngineExports;

  private constructor(module: object, authorize: Authorize) {
    const wasi = newWasi();
    const daruma = { authorize: (address: number, size: number) => this.#authorize(authorize, address >>> 0, size) };
    const instance = new WebAssembly.Instance(module, { ...(wasi.getImportObject() as object), daruma });
    this.#exports = instance.exports as EngineExports;
    wasi.initialize(instance);
  }

  /** Unpacks and compiles off this thread; starting the engine takes some 100 ms of it. */
  static async load(packed: string, authorize: Authorize): Promise<ExpressionEngine> {
    const bytes = await promisify(brotliDecompress)(await readFile(packed));
    setFlagsFromString(LEAN);
    try {
      return new ExpressionEngine(await WebAssembly.compile(bytes), authorize);
    } finally {
      setFlagsFromString(USUAL);
    }
  }

  /** The same while the caller waits, for who can't await. */
  static loadNow(packed: string, authorize: Authorize): ExpressionEngine {
    const bytes = brotliDecompressSync(readFileSync(packed));
    setFlagsFromString(LEAN);
    try {
      return new ExpressionEngine(new WebAssembly.Module(bytes), authorize);
    } finally {
      setFlagsFromString(USUAL);
    }
  }

  /** Runs to its end on this thread. @throws EngineRefusal with what the engine says when it can't answer */
  call<T>(call: string, argument: object): T {
    const { alloc, call: run, result_address } = this.#exports;
    const bytes = Buffer.from(JSON.stringify({ call, with: argument }));
    const address = alloc(bytes.length) >>> 0;
    new Uint8Array(this.#exports.memory.buffer, address, bytes.length).set(bytes);
    const size = run() >>> 0;
    const answer = JSON.parse(this.#read(result_address() >>> 0, size)) as T & { failure?: string };
    if (answer.failure !== undefined) throw new EngineRefusal(answer.failure);
    return answer;
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  #read(address: number, size: number): string {
    return Buffer.from(new Uint8Array(this.#exports.memory.buffer, address, size)).toString('utf8');
  }

  #authorize(authorize: Authorize, address: number, size: number): number {
    const question = JSON.parse(this.#read(address, size)) as AccessQuestion;
    const bytes = Buffer.from(JSON.stringify(authorize(question)));
    const target = this.#exports.alloc_answer(bytes.length) >>> 0;
    new Uint8Array(this.#exports.memory.buffer, target, bytes.length).set(bytes);
    return bytes.length;
  }
}
