// Where hooks and appliance meet: a pair of FIFOs for each push, made ahead of time so that no push waits for them.
import { spawn } from 'node:child_process';
import { closeSync, constants, openSync, symlinkSync, unlinkSync, writeSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';

const SPARE = 2;
const BOTH_WAYS = constants.O_RDWR | constants.O_NONBLOCK;
/** A FIFO holds 64 KiB, which nobody may be reading. */
const ANSWER_LIMIT_BYTES = 32_768;

export interface HookUpdate {
  before: string;
  after: string;
  forced: boolean;
  ref: string;
}

export interface HookCall {
  hook: 'pre-receive' | 'post-receive';
  updates: HookUpdate[];
}

export interface HookAnswer {
  ok: boolean;
  lines: string[];
}

/** The FIFOs of one push: from when its git starts until it ends. */
export class HookSlot {
  readonly #folder: string;
  readonly #pushes: string;
  readonly #ask: Socket;
  readonly #answer: number;
  #link: string | undefined;
  #text = '';

  constructor(pushes: string, folder: string) {
    this.#pushes = pushes;
    this.#folder = folder;
    this.#ask = new Socket({ fd: openSync(join(folder, 'ask'), BOTH_WAYS), readable: true, writable: false });
    this.#answer = openSync(join(folder, 'answer'), BOTH_WAYS);
    this.#ask.unref();
  }

  /** Lets the hooks of this git-receive-pack find the slot. Synchronous: git must not have read its input before. */
  attach(pid: number): void {
    const link = join(this.#pushes, String(pid));
    try {
      unlinkSync(link);
    } catch {
      // none was left behind under this process id
    }
    symlinkSync(this.#folder, link);
    this.#link = link;
  }

  /** Answers each call of a hook. `handler` must not reject. */
  serve(handler: (call: HookCall) => Promise<HookAnswer>): void {
    this.#ask.setEncoding('utf8');
    this.#ask.on('error', () => {});
    this.#ask.on('data', (chunk: string) => {
      this.#text += chunk;
      for (let end = this.#text.indexOf('\nend\n'); end >= 0; end = this.#text.indexOf('\nend\n')) {
        const call = parseCall(this.#text.slice(0, end));
        this.#text = this.#text.slice(end + '\nend\n'.length);
        void handler(call).then(answer => this.#reply(answer));
      }
    });
  }

  #reply({ ok, lines }: HookAnswer): void {
    if (this.#link === undefined) return;
    let text = '';
    for (const line of lines.flatMap(entry => entry.split('\n'))) {
      if (Buffer.byteLength(text) + Buffer.byteLength(line) < ANSWER_LIMIT_BYTES) text += `say ${line}\n`;
    }
    writeSync(this.#answer, `${text}end ${ok ? 'ok' : 'no'}\n`);
  }

  /** Ends the slot; a hook that still waits is told so by the end of its FIFO. */
  async release(): Promise<void> {
    if (this.#link) unlinkSync(this.#link);
    this.#link = undefined;
    this.#ask.destroy();
    closeSync(this.#answer);
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function parseCall(text: string): HookCall {
  const [hook, ...lines] = text.split('\n');
  return {
    hook: hook === 'post-receive' ? 'post-receive' : 'pre-receive',
    updates: lines.map(line => {
      const [before = '', after = '', move = '', ...ref] = line.split(' ');
      return { before, after, forced: move === 'forced', ref: ref.join(' ') };
    }),
  };
}

/** Hands out slots below `<repositories>/.pushes`, and keeps two spare ones. */
export class HookSlots implements AsyncDisposable {
  readonly #pushes: string;
  readonly #taken = new Set<HookSlot>();
  readonly #spare: Promise<HookSlot>[] = [];
  #count = 0;
  #closed = false;

  private constructor(pushes: string) {
    this.#pushes = pushes;
  }

  /** Sweeps what a killed appliance left, waking hooks that still wait, and makes the first slots. */
  static async open(directory: string): Promise<HookSlots> {
    const pushes = join(directory, '.pushes');
    for (const entry of await readdir(pushes, { recursive: true }).catch(() => [])) {
      if (!/(^|\/)(ask|answer)$/.test(entry)) continue;
      try {
        closeSync(openSync(join(pushes, entry), BOTH_WAYS));
      } catch {
        // gone meanwhile
      }
    }
    await rm(pushes, { recursive: true, force: true });
    await mkdir(pushes, { recursive: true, mode: 0o700 });
    await writeFile(join(pushes, 'server'), `${process.pid}\n`, { mode: 0o600 });
    const slots = new HookSlots(pushes);
    slots.#refill();
    await Promise.all(slots.#spare);
    return slots;
  }

  async acquire(): Promise<HookSlot> {
    const slot = await (this.#spare.shift() ?? this.#make());
    this.#taken.add(slot);
    this.#refill();
    return slot;
  }

  async release(slot: HookSlot): Promise<void> {
    if (this.#taken.delete(slot)) await slot.release();
  }

  #refill(): void {
    while (!this.#closed && this.#spare.length < SPARE) {
      const slot = this.#make();
      slot.catch(() => {});
      this.#spare.push(slot);
    }
  }

  async #make(): Promise<HookSlot> {
    const folder = join(this.#pushes, `slot-${++this.#count}`);
    await mkdir(folder, { mode: 0o700 });
    await new Promise<void>((resolve, reject) => {
      const child = spawn('mkfifo', ['-m', '600', join(folder, 'ask'), join(folder, 'answer')], { stdio: 'ignore' });
      child.on('error', reject);
      child.on('close', code => (code === 0 ? resolve() : reject(new Error(`mkfifo ended with ${code}`))));
    });
    return new HookSlot(this.#pushes, folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const spare = await Promise.allSettled(this.#spare.splice(0));
    const slots = [...this.#taken, ...spare.flatMap(slot => (slot.status === 'fulfilled' ? [slot.value] : []))];
    this.#taken.clear();
    await Promise.all(slots.map(slot => slot.release()));
    await rm(this.#pushes, { recursive: true, force: true });
  }
}
